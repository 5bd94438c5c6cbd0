import { sql } from "drizzle-orm";
import type { Database, Transaction } from "../database/database.ts";
import { areInvoked, joinRows, ROW_COLUMNS, selectedFrom, splitRows } from "./run-rows.ts";
import type { UsageEntry } from "./usage-entry.ts";

/** Where the stream of runs is drained to. */
export const STREAM = "gaugelet:runs";

/** Some entries of the stream, on their way into the database. */
export interface DrainedEntries {
  /** Of the newest of them. */
  readonly position: string;
  /** Of all records. */
  readonly rows: string;
  readonly usage: readonly UsageEntry[];
}

/** How far the stream is drained; "0-0": not at all yet. */
export async function drainedPosition(db: Database): Promise<string> {
  await db.execute(
    sql`insert into drained (stream, position) values (${STREAM}, '0-0') on conflict (stream) do nothing`,
  );
  const { rows } = await db.execute<{ position: string }>(
    sql`select position from drained where stream = ${STREAM}`,
  );
  return rows[0]?.position ?? "0-0";
}

/**
 * Write what was drained, and how far that is, in one transaction. Records that the database refuses are left out.
 *
 * @param after the position that it was drained from.
 * @returns how many were refused; undefined where another has drained it meanwhile, and nothing is written.
 */
export async function writeDrained(
  db: Database,
  after: string,
  entries: DrainedEntries,
): Promise<number | undefined> {
  // To look whether each is there takes a quarter of what it takes to insert it.
  const insert = areInvoked(entries.rows) ? insertOver : insertNew;
  try {
    return await write(db, after, entries, insert);
  } catch (error) {
    if (!isOfData(error)) throw error;
    return await write(db, after, entries, insertKeepable);
  }
}

async function write(
  db: Database,
  after: string,
  entries: DrainedEntries,
  insert: typeof insertOver,
): Promise<number | undefined> {
  return await db.transaction(async (transaction) => {
    const { rows } = await transaction.execute(
      sql`update drained set position = ${entries.position} where stream = ${STREAM} and position = ${after} returning 1`,
    );
    if (rows.length === 0) return undefined;
    const refused = entries.rows === "" ? 0 : await insert(transaction, entries.rows);
    if (entries.usage.length > 0) await addUsage(transaction, entries.usage);
    return refused;
  });
}

/** Of what cannot be written together each half by itself, down to the single records that are refused. */
async function insertKeepable(transaction: Transaction, rows: string): Promise<number> {
  try {
    return await transaction.transaction((inner) => insertOver(inner, rows));
  } catch (error) {
    if (!isOfData(error)) throw error;
  }
  const single = splitRows(rows);
  if (single.length === 1) return 1;
  const half = single.length >> 1;
  const first = await insertKeepable(transaction, joinRows(single.slice(0, half)));
  return first + (await insertKeepable(transaction, joinRows(single.slice(half))));
}

/** Classes of PostgreSQL's codes: the same record twice, data that cannot be, that a table does not allow, that is too large. */
function isOfData(error: unknown): boolean {
  const { code = (error as { cause?: { code?: string } }).cause?.code } = error as { code?: string };
  return /^(21|22|23|54)...$/.test(code ?? "");
}

/** One statement for any number of them, which any connection takes. */
async function insertNew(transaction: Transaction, rows: string): Promise<number> {
  await transaction.execute(sql`insert into runs (${ROW_COLUMNS}) ${selectedFrom(rows)}`);
  return 0;
}

/** Of those that are there already. A run that waited until now is over with its record; others stay as they are. */
async function insertOver(transaction: Transaction, rows: string): Promise<number> {
  await transaction.execute(sql`
    insert into runs (${ROW_COLUMNS}) ${selectedFrom(rows)}
    on conflict (id, queued_at) do update set
      version = excluded.version, version_number = excluded.version_number, status = excluded.status,
      source = excluded.source, event_id = excluded.event_id, attempt = excluded.attempt,
      started_at = excluded.started_at, finished_at = excluded.finished_at, run_seconds = excluded.run_seconds,
      billed_milliseconds = excluded.billed_milliseconds, mebibyte_milliseconds = excluded.mebibyte_milliseconds,
      cpu_microseconds = excluded.cpu_microseconds, memory_peak_bytes = excluded.memory_peak_bytes,
      worker = excluded.worker, instance = excluded.instance, start_method = excluded.start_method,
      input = excluded.input, is_input_cut = excluded.is_input_cut, output = excluded.output,
      is_output_cut = excluded.is_output_cut, error = excluded.error, traceback = excluded.traceback,
      logs = excluded.logs, sequence = excluded.sequence
    where runs.status in ('waiting', 'running')
  `);
  return 0;
}

async function addUsage(transaction: Transaction, usage: readonly UsageEntry[]): Promise<void> {
  // In one order, so that two writers wait for each other and do not lock each other out.
  await transaction.execute(sql`
    insert into usage (
      day, owner, "function", class, runs, billed_milliseconds, mebibyte_milliseconds, cpu_microseconds
    )
    select
      day, owner, "function", class, sum(runs), sum("billedMilliseconds"), sum("mebibyteMilliseconds"),
      sum("cpuMicroseconds")
    from json_to_recordset(${JSON.stringify(usage)}::json) as entry(
      day date, owner text, "function" text, class text, runs numeric, "billedMilliseconds" numeric,
      "mebibyteMilliseconds" numeric, "cpuMicroseconds" numeric
    )
    group by 1, 2, 3, 4 order by 1, 2, 3, 4
    on conflict (day, owner, "function", class) do update set
      runs = usage.runs + excluded.runs,
      billed_milliseconds = usage.billed_milliseconds + excluded.billed_milliseconds,
      mebibyte_milliseconds = usage.mebibyte_milliseconds + excluded.mebibyte_milliseconds,
      cpu_microseconds = usage.cpu_microseconds + excluded.cpu_microseconds
  `);
}
