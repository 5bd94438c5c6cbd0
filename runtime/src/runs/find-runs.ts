import { and, desc, eq, getTableColumns, gt, gte, ilike, lt, ne, or, type SQL, sql } from "drizzle-orm";
import type { Caller } from "../access/caller.ts";
import type { Database } from "../database/database.ts";
import { runs } from "../database/schema/runs.ts";
import { MILLISECONDS_OF_DAY } from "./run-batch.ts";
import type { RunStatus, TriggerKind } from "./run-record.ts";

/** Which runs are asked for; what is undefined does not matter. */
export interface RunFilter {
  readonly function?: string | undefined;
  readonly owner?: string | undefined;
  readonly status?: RunStatus | undefined;
  readonly trigger?: TriggerKind | undefined;
  readonly user?: string | undefined;
  /** Queued at this time or later. */
  readonly from?: Date | undefined;
  /** Queued before this time. */
  readonly to?: Date | undefined;
  /** Its digest, or its number in the catalog. */
  readonly version?: string | undefined;
  /** Part of the error, in any case. */
  readonly error?: string | undefined;
}

/** Where a page ended. */
export interface RunPosition {
  readonly queuedAt: Date;
  readonly id: string;
}

/** A run in full. */
export type StoredRun = typeof runs.$inferSelect;

/** What lists do not show: it may be long. */
const LONG = ["input", "isInputCut", "output", "isOutputCut", "traceback", "logs", "sequence"] as const;

/** How far back is looked first, and then. */
const FIRST_DAYS = [1, 7] as const;

/** Characters of an output that lists show. */
const OUTPUT_START = 120;

/** What lists show of a run. */
export type RunSummary = Omit<StoredRun, (typeof LONG)[number]> & { readonly outputStart: string | null };

const SUMMARY = {
  ...without(getTableColumns(runs), LONG),
  outputStart: sql<string | null>`left(${runs.output}, ${sql.raw(String(OUTPUT_START))})`,
};

/** What a list would show of a run. */
export function summaryOf(run: StoredRun): RunSummary {
  return { ...without(run, LONG), outputStart: run.output?.slice(0, OUTPUT_START) ?? null };
}

/**
 * Runs that a caller may see, newest first.
 *
 * @param after where the page before ended.
 */
export async function findRuns(
  db: Database,
  caller: Caller,
  filter: RunFilter,
  limit: number,
  after: RunPosition | undefined,
): Promise<RunSummary[]> {
  const wanted = [conditionOf(filter), after && isBefore(after)];
  const newest = Math.min(
    Date.now(),
    filter.to?.getTime() ?? Infinity,
    after?.queuedAt.getTime() ?? Infinity,
  );
  // Each part has an index of its own, which a condition with "or" would not use.
  const parts = await Promise.all(
    visibleParts(caller).map((visible) => searchBack(db, and(visible, ...wanted), newest, limit)),
  );
  return parts.length === 1 ? (parts[0] ?? []) : parts.flat().sort(byNewest).slice(0, limit);
}

/** Look at a few days first: to plan a query over the partitions of many takes longer than most queries do. */
async function searchBack(
  db: Database,
  condition: SQL | undefined,
  newest: number,
  limit: number,
): Promise<RunSummary[]> {
  const found: RunSummary[] = [];
  let before: SQL | undefined;
  for (const days of [...FIRST_DAYS, undefined]) {
    const begin = days && new Date(newest - days * MILLISECONDS_OF_DAY);
    found.push(
      ...(await db
        .select(SUMMARY)
        .from(runs)
        .where(and(condition, before, begin && gte(runs.queuedAt, begin)))
        .orderBy(desc(runs.queuedAt), desc(runs.id))
        .limit(limit - found.length)),
    );
    if (found.length >= limit || begin === undefined) break;
    before = lt(runs.queuedAt, begin);
  }
  return found;
}

/** A run; undefined where there is none, or the caller may not see it. */
export async function findRun(db: Database, caller: Caller, id: string): Promise<StoredRun | undefined> {
  const found = await db
    .select()
    .from(runs)
    .where(and(eq(runs.id, id), visibleTo(caller)))
    .limit(1);
  return found[0];
}

/** Runs that were written after one, in the order of their writing. */
export async function findNewRuns(
  db: Database,
  caller: Caller,
  filter: RunFilter,
  after: number,
  limit: number,
): Promise<StoredRun[]> {
  return await db
    .select()
    .from(runs)
    .where(and(gt(runs.sequence, after), visibleTo(caller), conditionOf(filter)))
    .orderBy(runs.sequence)
    .limit(limit);
}

/** Of the newest run that was written. */
export async function newestSequence(db: Database): Promise<number> {
  const { rows } = await db.execute<{ newest: string | null }>(
    sql`select sequence as newest from runs order by sequence desc limit 1`,
  );
  return Number(rows[0]?.newest ?? 0);
}

/** What of all runs a caller may see; undefined: all. */
export function visibleTo(caller: Caller): SQL | undefined {
  return or(...visibleParts(caller));
}

/** Administrators see all; editors those of what they own; all see those that they called themselves. */
function visibleParts({ role, user }: Caller): (SQL | undefined)[] {
  if (role === "admin") return [undefined];
  const own = eq(runs.user, user);
  return role === "editor" ? [eq(runs.owner, user), and(own, ne(runs.owner, user))] : [own];
}

/** The condition of a filter. */
export function conditionOf(filter: RunFilter): SQL | undefined {
  const { status, version, error } = filter;
  const isUnsuccessful = error !== undefined || (status !== undefined && status !== "completed");
  return and(
    filter.function === undefined ? undefined : eq(runs.function, filter.function),
    filter.owner === undefined ? undefined : eq(runs.owner, filter.owner),
    status === undefined ? undefined : eq(runs.status, status),
    // As the index says it.
    isUnsuccessful ? sql`${runs.status} <> 'completed'` : undefined,
    filter.trigger === undefined ? undefined : eq(runs.trigger, filter.trigger),
    filter.user === undefined ? undefined : eq(runs.user, filter.user),
    filter.from === undefined ? undefined : gte(runs.queuedAt, filter.from),
    filter.to === undefined ? undefined : lt(runs.queuedAt, filter.to),
    version === undefined ? undefined : isOfVersion(version),
    error === undefined ? undefined : hasError(error, filter.function !== undefined),
  );
}

/** @param isOfFunction there are fewer runs of one function than of one text, whose index is not to be taken then. */
function hasError(part: string, isOfFunction: boolean): SQL {
  const pattern = `%${part.replaceAll(/[\\%_]/g, "\\$&")}%`;
  return isOfFunction ? sql`${runs.error} || '' ilike ${pattern}` : ilike(runs.error, pattern);
}

function isOfVersion(version: string): SQL {
  return /^\d{1,9}$/.test(version) ? eq(runs.versionNumber, Number(version)) : eq(runs.version, version);
}

function isBefore({ queuedAt, id }: RunPosition): SQL {
  return sql`(${runs.queuedAt}, ${runs.id}) < (${queuedAt.toISOString()}::timestamptz, ${id})`;
}

function byNewest(a: RunSummary, b: RunSummary): number {
  const between = b.queuedAt.getTime() - a.queuedAt.getTime();
  if (between !== 0) return between;
  return a.id < b.id ? 1 : -1;
}

function without<Value extends object, Name extends keyof Value>(
  value: Value,
  names: readonly Name[],
): Omit<Value, Name> {
  const left = { ...value };
  for (const name of names) delete left[name];
  return left;
}
