import { execFileSync } from "node:child_process";
import { startPostgres, type TestPostgres } from "@gaugelet/testing/postgres-server";
import { sql } from "drizzle-orm";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Database, openDatabase } from "../../src/database/database.ts";
import { findRuns } from "../../src/runs/find-runs.ts";
import { keepPartitions } from "../../src/runs/partitions.ts";

const WITHOUT_EXTENSIONS = `
create function refuse() returns event_trigger language plpgsql as $$ begin raise 'there is no extension'; end $$;
create event trigger refusing on ddl_command_start when tag in ('CREATE EXTENSION') execute function refuse();
`;
const ADMINISTRATOR = { user: "admin", role: "admin", by: "token", address: "" } as const;

let postgres: TestPostgres;
const closing: (() => Promise<void>)[] = [];

beforeEach(async () => {
  postgres = await startPostgres();
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  await postgres.stop();
});

async function open(url: string): Promise<Database> {
  const database = await openDatabase({ kind: "postgresql", url }, pino({ enabled: false }));
  closing.push(() => database.stop());
  return database.db;
}

async function indexesOfErrors(db: Database): Promise<number> {
  const { rows } = await db.execute(
    sql`select indexname from pg_indexes where tablename like 'runs%' and indexdef like '%gin_trgm_ops%'`,
  );
  return rows.length;
}

test("errors of runs have an index, in the partitions of days to come too", async () => {
  const db = await open(await postgres.newDatabase());
  const before = await indexesOfErrors(db);
  expect(before).toBeGreaterThan(1);
  await keepPartitions(db, { retention: 86_400, maxBytes: undefined }, Date.now());
  expect(await indexesOfErrors(db)).toBeGreaterThan(before);
});

test("a server without the extension does without", async () => {
  const url = await postgres.newDatabase();
  execFileSync("psql", ["-d", url, "-qc", WITHOUT_EXTENSIONS]);
  const db = await open(url);
  expect(await indexesOfErrors(db)).toBe(0);
  const filter = { error: "nothing has it" };
  expect(await findRuns(db, ADMINISTRATOR, filter, 10, undefined)).toEqual([]);
});
