import { and, asc, eq, gt, ilike, isNotNull, isNull, or, type SQL, sql } from "drizzle-orm";
import type { Caller } from "../access/caller.ts";
import { aliases, functions, versions } from "../database/schema.ts";
import type { Finding } from "../packages/upload/findings.ts";
import { isTheirs, noFunction } from "./changing.ts";
import type { CatalogParts } from "./parts.ts";
import type { WrittenManifest } from "./stored-function.ts";
import {
  type FunctionDetails,
  type FunctionState,
  type FunctionSummary,
  summaryOf,
  summaryOfFile,
} from "./summaries.ts";

/** Which functions somebody wants to see. */
export interface FunctionFilter {
  readonly owner: string | undefined;
  /** Part of the name or of the description. */
  readonly text: string | undefined;
  /** Without: all but deleted ones. */
  readonly state: FunctionState | undefined;
}

/** One of a list: name, and where it comes from; the catalog's come before the file's. */
export interface FunctionPlace {
  readonly name: string;
  readonly origin: "api" | "file";
}

type ReadingParts = Pick<CatalogParts, "db" | "functions" | "file">;

/** Functions by name, from behind a place. */
export async function listFunctions(
  parts: ReadingParts,
  filter: FunctionFilter,
  { after, limit }: { readonly after: FunctionPlace | undefined; readonly limit: number },
  caller: Caller,
): Promise<FunctionSummary[]> {
  const ofFile = parts.functions.ofFile
    .map((definition) => summaryOfFile(parts, definition))
    .filter((each) => matches(each, filter) && isBehind(each, after));
  const rows: FunctionSummary[] = [];
  // Which of them are shadowed, the database does not know.
  for (let place = after?.name; ; ) {
    const found = await readSummaries(parts, filter, { after: place, limit }, caller);
    rows.push(...found.filter(({ state }) => filter.state === undefined || filter.state === state));
    if (found.length < limit || rows.length >= limit) break;
    place = found.at(-1)?.name;
  }
  return [...rows, ...ofFile].sort(byPlace).slice(0, limit);
}

/** The function of a name that runs: the file's, where it has one. */
export async function readFunction(
  parts: ReadingParts,
  name: string,
  caller: Caller,
): Promise<FunctionDetails> {
  const ofFile = parts.functions.ofFile.find((definition) => definition.name === name);
  if (ofFile !== undefined) {
    return { ...summaryOfFile(parts, ofFile), aliases: {}, manifest: null, warnings: null };
  }
  const [row] = await parts.db
    .select(SUMMARY)
    .from(functions)
    .innerJoin(versions, VERSION_THAT_RUNS)
    .where(eq(functions.name, name));
  if (row === undefined || (row.function.deletedAt !== null && !isTheirs(row.function, caller))) {
    throw noFunction(name);
  }
  const named = await parts.db
    .select({ name: aliases.name, version: aliases.version })
    .from(aliases)
    .where(eq(aliases.function, name));
  const isOwn = isTheirs(row.function, caller);
  return {
    ...summaryOf(parts, row),
    aliases: Object.fromEntries(named.map((alias) => [alias.name, alias.version])),
    manifest: isOwn ? (row.manifest as WrittenManifest) : null,
    warnings: isOwn ? (row.warnings as Finding[]) : null,
  };
}

const SUMMARY = { function: functions, manifest: versions.manifest, warnings: versions.warnings };
const VERSION_THAT_RUNS = and(eq(versions.function, functions.name), eq(versions.number, functions.version));

async function readSummaries(
  parts: ReadingParts,
  { owner, text, state }: FunctionFilter,
  { after, limit }: { readonly after: string | undefined; readonly limit: number },
  { role, user }: Caller,
): Promise<FunctionSummary[]> {
  const conditions: (SQL | undefined)[] = [
    after === undefined ? undefined : gt(NAME, after),
    owner === undefined ? undefined : eq(functions.owner, owner),
    state === "deleted" ? isNotNull(functions.deletedAt) : isNull(functions.deletedAt),
    state === "deleted" && role !== "admin" ? eq(functions.owner, user) : undefined,
  ];
  if (text !== undefined) {
    const pattern = `%${text.replace(/[\\%_]/g, "\\$&")}%`;
    conditions.push(or(ilike(functions.name, pattern), ilike(DESCRIPTION, pattern)));
  }
  const rows = await parts.db
    .select(SUMMARY)
    .from(functions)
    .innerJoin(versions, VERSION_THAT_RUNS)
    .where(and(...conditions))
    .orderBy(asc(NAME))
    .limit(limit);
  return rows.map((row) => summaryOf(parts, row));
}

/** In an order that no language has a say in. */
const NAME = sql`${functions.name} collate "C"`;
const DESCRIPTION = sql`coalesce(${versions.manifest} ->> 'description', '')`;

function matches({ name, owner, description, state }: FunctionSummary, filter: FunctionFilter): boolean {
  const text = filter.text?.toLowerCase() ?? "";
  return (
    (filter.owner === undefined || filter.owner === owner) &&
    (filter.state === undefined || filter.state === state) &&
    `${name}\n${description}`.toLowerCase().includes(text)
  );
}

function isBehind(one: FunctionPlace, after: FunctionPlace | undefined): boolean {
  return after === undefined || byPlace(one, after) > 0;
}

function byPlace(one: FunctionPlace, other: FunctionPlace): number {
  return compare(one.name, other.name) || compare(one.origin, other.origin);
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
