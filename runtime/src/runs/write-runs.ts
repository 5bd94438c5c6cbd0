import { sql } from "drizzle-orm";
import type { Database, Transaction } from "../database/database.ts";
import type { UsageEntry } from "./run-entry.ts";

/** Where the stream of runs is drained to. */
export const STREAM = "gaugelet:runs";

/** Some entries of the stream, on their way into the database. */
export interface DrainedEntries {
  /** Of the newest of them. */
  readonly position: string;
  /** JSON of all records in one list. */
  readonly records: string;
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
 * Write what was drained, and how far that is, in one transaction.
 *
 * @param after the position that it was drained from.
 * @returns false where another has drained it meanwhile, and nothing is written.
 */
export async function writeDrained(db: Database, after: string, entries: DrainedEntries): Promise<boolean> {
  return await db.transaction(async (transaction) => {
    const { rows } = await transaction.execute(
      sql`update drained set position = ${entries.position} where stream = ${STREAM} and position = ${after} returning 1`,
    );
    if (rows.length === 0) return false;
    if (entries.records !== "[]") await insertRuns(transaction, entries.records);
    if (entries.usage.length > 0) await addUsage(transaction, entries.usage);
    return true;
  });
}

/** One statement for any number of them, which any connection takes. A run that waited until now is over with it. */
async function insertRuns(transaction: Transaction, records: string): Promise<void> {
  await transaction.execute(sql`
    insert into runs (
      id, queued_at, "function", owner, class, version, version_number, status, trigger, source, shard, event_id,
      "user", attempt, started_at, finished_at, run_seconds, billed_milliseconds, mebibyte_milliseconds,
      cpu_microseconds, memory_peak_bytes, disk_bytes, worker, instance, start_method, input, is_input_cut, output,
      is_output_cut, error, traceback, logs
    )
    select
      id, to_timestamp("queuedAt" / 1000), "function", owner, class, version, "versionNumber", status, trigger,
      source, shard, "eventId", "user", attempt, to_timestamp("startedAt" / 1000), to_timestamp("finishedAt" / 1000),
      "runSeconds", "billedMilliseconds", "mebibyteMilliseconds", "cpuMicroseconds", "memoryPeakBytes", "diskBytes",
      worker, instance, "startMethod", input, "isInputCut", output, "isOutputCut", error, traceback, logs
    from json_to_recordset(${records}::json) as record(
      id text, "queuedAt" double precision, "function" text, owner text, class text, version text,
      "versionNumber" integer, status text, trigger text, source text, shard text, "eventId" text, "user" text,
      attempt integer, "startedAt" double precision, "finishedAt" double precision, "runSeconds" real,
      "billedMilliseconds" bigint, "mebibyteMilliseconds" bigint, "cpuMicroseconds" bigint, "memoryPeakBytes" bigint,
      "diskBytes" bigint, worker text, instance text, "startMethod" text, input text, "isInputCut" boolean,
      output text, "isOutputCut" boolean, error text, traceback text, logs jsonb
    )
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
