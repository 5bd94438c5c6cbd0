import { execFileSync } from "node:child_process";
import { startPostgres, type TestPostgres } from "@gaugelet/testing/postgres-server";
import { waitFor } from "@gaugelet/testing/wait";
import { sql } from "drizzle-orm";
import pg from "pg";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type OpenDatabase, openDatabase } from "../../src/database/database.ts";
import { explainDatabaseError } from "../../src/database/explain.ts";
import { isDatabaseAway, isGivenUp } from "../../src/database/is-away.ts";
import { MIGRATION_LOCK } from "../../src/database/migrate.ts";
import { users } from "../../src/database/schema.ts";

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

test("a connection to what has become a standby is no longer of the pool", async () => {
  const { db } = database;
  await db.execute(sql`create table kept (value integer)`);
  await db.execute(sql`set session characteristics as transaction read only`);
  const insert = () => db.transaction((tx) => tx.execute(sql`insert into kept values (1)`));
  const error = await insert().catch((thrown) => thrown);
  expect(isDatabaseAway(error)).toBe(true);
  expect(explainDatabaseError(error)).toBe(
    "cannot execute INSERT in a read-only transaction: it is a standby, or set to read only; connect to the primary",
  );
  await insert();
});

test("a user or a database that is not there, or not any more, is away, and told with what to do", async () => {
  const open = (other: string) =>
    openDatabase({ kind: "postgresql", url: other }, pino({ enabled: false })).catch((thrown) => thrown);
  const nobody = await open(url.replace("gaugelet@", "nobody@"));
  expect(isDatabaseAway(nobody)).toBe(true);
  expect(explainDatabaseError(nobody)).toMatch(/^role "nobody" does not exist: check the user/);
  const nowhere = await open(`${url}-gone`);
  expect(isDatabaseAway(nowhere)).toBe(true);
  expect(explainDatabaseError(nowhere)).toMatch(/^database "\S+-gone" does not exist: make it/);
});

test.each([
  ["the limit on queries", "query_timeout", isDatabaseAway],
  ["PostgreSQL's limit on statements", "statement_timeout", isGivenUp],
])(
  "who migrates, or waits for who does, is not cut off by %s, which holds afterwards",
  async (_, limit, isOver) => {
    const plain = await postgres.newDatabase();
    const locks = new pg.Client(plain);
    await locks.connect();
    // It goes with the server.
    locks.on("error", () => {});
    await locks.query("select pg_advisory_lock($1)", [MIGRATION_LOCK]);
    const limited = `${plain}?${limit}=300`;
    const opening = openDatabase({ kind: "postgresql", url: limited }, pino({ enabled: false }));
    opening.catch(() => {});
    await waitFor("it to wait for longer than the limit", async () => {
      const { rows } = await locks.query(
        "select 1 from pg_stat_activity where wait_event_type = 'Lock' and now() - query_start > interval '600 ms'",
      );
      return rows.length > 0;
    });
    await locks.query("select pg_advisory_unlock($1)", [MIGRATION_LOCK]);
    const opened = await opening;
    const slow = opened.db.execute(sql`select pg_sleep(60)`).catch((error) => error);
    expect(isOver(await slow)).toBe(true);
    await Promise.all([opened.stop(), locks.end()]);
  },
);

test("times and tables are found whatever the user's settings are", async () => {
  const plain = await postgres.newDatabase();
  execFileSync("psql", ["-d", plain, "-qc", "create schema gaugelet"]);
  const german = `${plain}?options=${encodeURIComponent("-c datestyle=German,DMY")}`;
  const opened = await openDatabase({ kind: "postgresql", url: german }, pino({ enabled: false }));
  await opened.db.insert(users).values({ name: "ada", role: "viewer", origin: "api" });
  const [ada] = await opened.db.select().from(users);
  expect(Math.abs(Date.now() - Number(ada?.createdAt))).toBeLessThan(3_600_000);
  const query = sql`select '2026-11-30'::date::text as day, schemaname from pg_tables where tablename = 'users'`;
  const { rows } = await opened.db.execute(query);
  expect(rows).toEqual([{ day: "2026-11-30", schemaname: "public" }]);
  await opened.stop();
});

test.each(["LATIN1", "SQL_ASCII"])("a new database with the encoding %s is refused", async (encoding) => {
  const other = `${await postgres.newDatabase()}_${encoding.toLowerCase()}`;
  const name = other.slice(other.lastIndexOf("/") + 1);
  const make = `create database ${name} template template0 encoding '${encoding}' locale 'C'`;
  execFileSync("psql", ["-d", url, "-qc", make]);
  await expect(openDatabase({ kind: "postgresql", url: other }, pino({ enabled: false }))).rejects.toThrow(
    `the database has the encoding ${encoding}, which does not keep every text; make it anew: createdb --template=template0`,
  );
});
