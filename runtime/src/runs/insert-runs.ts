import { type SQL, sql } from "drizzle-orm";
import type { Transaction } from "../database/database.ts";
import {
  COLUMNS,
  joinRows,
  NULL,
  RECORD_SEPARATOR,
  splitRows,
  UNIT_SEPARATOR,
  type ValueKind,
} from "./run-rows.ts";

/** One statement for any number of them, which any connection takes. @returns how many were refused: none. */
export async function insertNew(transaction: Transaction, rows: Buffer): Promise<number> {
  await transaction.execute(sql`insert into runs (${NAMES}) ${selectedFrom(rows)}`);
  return 0;
}

/** The same where some are there already: a run that waited is over with its record; others stay as they are. */
export async function insertOver(transaction: Transaction, rows: Buffer): Promise<number> {
  await transaction.execute(sql`
    insert into runs (${NAMES}) ${selectedFrom(rows)}
    on conflict (id, queued_at) do update set
      owner = excluded.owner, class = excluded.class,
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

/** Of what cannot be written together each half by itself. @returns how many single records were refused. */
export async function insertKeepable(transaction: Transaction, rows: Buffer): Promise<number> {
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

/** Classes of PostgreSQL's codes: the same twice, data that cannot be, that a table does not allow, that is too large. */
export function isOfData(error: unknown): boolean {
  const { code = (error as { cause?: { code?: string } }).cause?.code } = error as { code?: string };
  return /^(21|22|23|54)...$/.test(code ?? "");
}

/** The names of what {@link selectedFrom} gives. */
const NAMES: SQL = sql.raw(COLUMNS.map(([column]) => `"${column}"`).join(", "));

const READ: Readonly<Record<ValueKind, (value: string) => string>> = {
  text: (value) => value,
  time: (value) => `to_timestamp(${value}::double precision / 1000)`,
  boolean: (value) => `${value}::boolean`,
  integer: (value) => `${value}::integer`,
  bigint: (value) => `${value}::bigint`,
  real: (value) => `${value}::real`,
  lines: (value) => `${value}::jsonb`,
};

/** Of a row that is divided. */
const VALUES: SQL = sql.raw(COLUMNS.map(([, kind], index) => READ[kind](`value[${index + 1}]`)).join(", "));

/** What of a query gives the values of rows, with the types of their columns. */
function selectedFrom(rows: Buffer): SQL {
  // With the offset each row is divided once; without it PostgreSQL does that anew for each column.
  return sql`
    select ${VALUES}
    from (
      select string_to_array(record, ${UNIT_SEPARATOR}, ${NULL}) as value
      from unnest(string_to_array(${rows}, ${RECORD_SEPARATOR})) as record
      offset 0
    ) as row
  `;
}
