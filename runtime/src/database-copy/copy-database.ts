import { ConfigurationError } from "@gaugelet/shared/configuration";
import type pg from "pg";
import type { Database } from "../database/database.ts";
import { makePartition, partitionsOf } from "../runs/partitions.ts";
import { type Table, tablesOf } from "./tables.ts";

/** Told of rows of a table: so many are copied by now, of so many. */
export type OnCopied = (table: string, rows: number, ofAll: number) => void;

/** Runs have an input and an output each. */
const ROWS_AT_A_TIME = 500;
const LARGE_ROWS_AT_A_TIME = 1;
/** A row of it is a package, of up to tens of megabytes. */
const LARGE_TABLE = "packages";
/** What is there before anybody has used a database. */
const FILLED_AT_FIRST: ReadonlySet<string> = new Set(["catalog_state", "price_lists"]);

/**
 * Copy all that is in one database into another that has the same tables and nothing in them, in one transaction: it is
 * all there afterwards, or nothing of it.
 *
 * Rows travel as PostgreSQL's own JSON, which no step in between reads, so that no digit of them is lost.
 *
 * @returns how many there are in all.
 * @throws ConfigurationError where the other one has something already.
 */
export async function copyDatabase(source: Database, target: Database, onCopied: OnCopied): Promise<number> {
  for (const { day } of await partitionsOf(source)) await makePartition(target, day);
  const [from, to] = [await source.$client.connect(), await target.$client.connect()];
  try {
    const tables = await tablesOf(from);
    await Promise.all([from.query("begin"), to.query("begin")]);
    await requireEmpty(to, tables);
    let rows = 0;
    for (const table of tables) rows += await copyTable(from, to, table, onCopied);
    await to.query("commit");
    return rows;
  } finally {
    // What was not committed goes with its connection.
    from.release(true);
    to.release(true);
  }
}

async function requireEmpty(to: pg.ClientBase, tables: readonly Table[]): Promise<void> {
  for (const { name } of tables) {
    if (FILLED_AT_FIRST.has(name)) await to.query(`delete from "${name}"`);
    const { rowCount } = await to.query(`select from "${name}" limit 1`);
    if (rowCount === 0) continue;
    throw new ConfigurationError(
      `the PostgreSQL database is in use: there is something in its table ${name}; copy into a new one`,
    );
  }
}

async function copyTable(
  from: pg.ClientBase,
  to: pg.ClientBase,
  { name, sequence }: Table,
  onCopied: OnCopied,
): Promise<number> {
  const atOnce = name === LARGE_TABLE ? LARGE_ROWS_AT_A_TIME : ROWS_AT_A_TIME;
  const counted = await from.query<{ all: string }>(`select count(*) as all from "${name}"`);
  const ofAll = Number(counted.rows[0]?.all);
  await from.query(`declare copied cursor for select row_to_json(each)::text as row from "${name}" each`);
  let copied = 0;
  for (;;) {
    const { rows } = await from.query<{ row: string }>(`fetch ${atOnce} from copied`);
    if (rows.length === 0) break;
    await to.query(
      `insert into "${name}" overriding system value
       select * from json_populate_recordset(null::"${name}", $1::json)`,
      [`[${rows.map(({ row }) => row).join(",")}]`],
    );
    copied += rows.length;
    onCopied(name, copied, ofAll);
  }
  await from.query("close copied");
  if (sequence !== null) await goOnFrom(from, to, sequence);
  return copied;
}

async function goOnFrom(from: pg.ClientBase, to: pg.ClientBase, sequence: string): Promise<void> {
  const { rows } = await from.query<{ last: string; isCalled: boolean }>(
    `select last_value as last, is_called as "isCalled" from ${sequence}`,
  );
  const [state] = rows;
  await to.query("select setval($1, $2, $3)", [sequence, state?.last, state?.isCalled]);
}
