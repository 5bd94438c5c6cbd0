import { execFileSync } from "node:child_process";
import { startPostgres, type TestPostgres } from "@gaugelet/testing/postgres-server";
import { sql } from "drizzle-orm";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type OpenDatabase, openDatabase } from "../../src/database/database.ts";
import { isDatabaseAway } from "../../src/database/is-away.ts";

const ONE = sql`select 1 as one`;

let postgres: TestPostgres;
let database: OpenDatabase;
let url: string;

beforeEach(async () => {
  postgres = await startPostgres();
  url = await postgres.newDatabase();
  database = await openDatabase({ kind: "postgresql", url }, pino({ enabled: false }));
});
afterEach(async () => {
  await database?.stop();
  await postgres?.stop();
});

/** End its connections before it can notice: nothing else of this process happens meanwhile. */
function endConnections(): void {
  const query = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'gaugelet'";
  execFileSync("psql", ["-d", url, "-qtc", query]);
}

test("a connection that is lost before a transaction begins, or in it, is no longer of the pool", async () => {
  const { db } = database;
  const pool = db.$client;
  // Twice as often as there may be connections.
  for (let round = 0; round < 2 * (pool.options.max ?? 0); round += 1) {
    await db.execute(ONE);
    endConnections();
    const begun = db.transaction((tx) => tx.execute(ONE));
    expect(isDatabaseAway(await begun.catch((error) => error))).toBe(true);
    const under = db.transaction(async (tx) => {
      await tx.execute(ONE);
      endConnections();
      await tx.execute(ONE);
    });
    expect(isDatabaseAway(await under.catch((error) => error))).toBe(true);
  }
  expect(pool.totalCount).toBe(pool.idleCount);
  const { rows } = await db.transaction((tx) => tx.execute(ONE));
  expect(rows).toEqual([{ one: 1 }]);
});

test("what throws is rolled back, and its connection is used again", async () => {
  const { db } = database;
  await db.execute(sql`create table kept (value integer)`);
  const failing = db.transaction(async (tx) => {
    await tx.execute(sql`insert into kept values (1)`);
    throw new Error("changed its mind");
  });
  await expect(failing).rejects.toThrow("changed its mind");
  await db.transaction((tx) => tx.execute(sql`insert into kept values (2)`));
  expect((await db.execute(sql`select value from kept`)).rows).toEqual([{ value: 2 }]);
  expect(db.$client.totalCount).toBe(1);
});
