import { existsSync, readdirSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFunctionFolder } from "@gaugelet/testing/function-folder";
import { startPostgres } from "@gaugelet/testing/postgres-server";
import { startRedis, type TestRedis } from "@gaugelet/testing/redis-server";
import { waitFor } from "@gaugelet/testing/wait";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { MIGRATION_LOCK } from "../../src/database/migrate.ts";
import { RuntimeProcess } from "../faults/runtime-process.ts";
import { childrenOf } from "../integration/harness.ts";

/** To make a database takes a processor seconds, and each test here makes several: where others are busy, minutes. */
const WAIT_SECONDS = 240;
vi.setConfig({ testTimeout: 600_000 });

let redis: TestRedis;
let folder: string;
let database: string;
const started: RuntimeProcess[] = [];

beforeAll(async () => {
  redis = await startRedis();
});
beforeEach(async () => {
  folder = await makeFunctionFolder("first");
  database = join(folder, "state/database");
  await writeFile(join(folder, "gaugelet.yaml"), "functions: []\n");
});
afterEach(async () => {
  // The database of one that is killed ends later.
  for (const each of started.splice(0)) await each.stop();
  await rm(folder, { recursive: true, force: true });
});
afterAll(() => redis.stop());

function start(more: Record<string, string> = {}): RuntimeProcess {
  const runtime = new RuntimeProcess({
    folder,
    environment: {
      GAUGELET_CATALOG: "on",
      GAUGELET_CONFIG: join(folder, "gaugelet.yaml"),
      REDIS_HOST: "127.0.0.1",
      REDIS_PORT: String(redis.port),
      ...more,
    },
  });
  started.push(runtime);
  return runtime;
}

/** Files of the database, as far as it is made. */
function filesMade(): number {
  return existsSync(database) ? readdirSync(database, { recursive: true }).length : 0;
}

/** Says that it is not made to its end. */
function unfinished(): string {
  return join(database, "unfinished");
}

/** Whether its files are all there; its tables are not yet. */
function areFilesMade(): boolean {
  return existsSync(join(database, "PG_VERSION"));
}

async function expectServing(runtime: RuntimeProcess): Promise<void> {
  await runtime.logged("the API is ready", WAIT_SECONDS);
  const { ports } = (await runtime.logged("runtime started")) as { ports?: { status: number } };
  const token = (await readFile(join(folder, "state/admin-token"), "utf8")).trim();
  const response = await fetch(`http://127.0.0.1:${ports?.status}/api/v1/functions`, {
    headers: { authorization: `Bearer ${token}` },
  });
  expect([response.status, await response.json()]).toMatchObject([200, { items: [] }]);
}

test("whatever ends while the first database is being made, the next one makes it to the end, and waits for those before", async () => {
  const killed = start();
  await waitFor("half of its files", () => filesMade() > 400);
  await signalDatabases(killed, "SIGKILL");
  await killed.kill();
  expect(existsSync(unfinished())).toBe(true);
  const stopped = start();
  await waitFor("all of its files, and no tables", areFilesMade);
  await stopped.stop();
  expect(existsSync(unfinished())).toBe(true);
  const made = start();
  await waitFor("its process", async () => (await signalDatabases(made, "SIGKILL")) > 0);
  await expectServing(made);

  // One that is killed leaves a process that may have something to write yet.
  expect(await signalDatabases(made, "SIGSTOP")).toBe(1);
  const [left = 0] = await databasesOf(made);
  await made.kill();
  const next = start();
  await next.logged(/state\/database is in use by the database of another runtime/);
  process.kill(left, "SIGCONT");
  await expectServing(next);
});

test("whoever stops while the first database is being made waits for nothing of it", async () => {
  const stopped = start();
  await stopped.logged("runtime started");
  await waitFor("its process", async () => (await databasesOf(stopped)).length > 0);
  expect(await stopped.stop()).toBe(0);
  expect(areFilesMade()).toBe(false);
  expect(stopped.log).not.toContainEqual(expect.objectContaining({ level: "error" }));

  // Half of it, as of a machine that lost its power.
  const killed = start();
  await waitFor("all of its files", areFilesMade);
  await signalDatabases(killed, "SIGKILL");
  await killed.kill();
  await writeFile(unfinished(), "");
  await rm(join(database, "base"), { recursive: true });
  await expectServing(start());
  expect(readdirSync(database)).not.toContain("unfinished");
});

test("a database whose runtime ended while PostgreSQL was writing its lock file is opened", async () => {
  const first = start();
  await first.logged("the API is ready", WAIT_SECONDS);
  const [left = 0] = await databasesOf(first);
  await first.kill();
  // Nobody is left to read what it says, nor to end it: it closes the database by itself.
  await waitFor("its end", () => !existsSync(`/proc/${left}`));
  expect(existsSync(join(database, "postmaster.pid"))).toBe(false);
  await writeFile(join(database, "postmaster.pid"), "");
  await expectServing(start());
});

test("what is no database is told in one line", async () => {
  await mkdir(database, { recursive: true });
  await writeFile(join(database, "PG_VERSION"), "18\n");
  const runtime = start();
  await runtime.logged("runtime started");
  const { msg } = await runtime.logged("the catalog cannot be opened", WAIT_SECONDS);
  expect(msg).toMatch(
    /the embedded database in \S+ could not be started: PGlite failed to initialize properly; restore the folder from a backup, or move it away to begin with an empty catalog$/,
  );
  expect(runtime.said).toEqual([]);
});

test("a PostgreSQL that is a standby is told in one line, with what to do", async () => {
  const postgres = await startPostgres();
  onTestFinished(() => postgres.stop());
  const url = `${await postgres.newDatabase()}?options=-c%20default_transaction_read_only%3Don`;
  const runtime = start({ DATABASE_URL: url });
  const { msg } = await runtime.logged("the catalog cannot be opened");
  expect(msg).toBe(
    "the catalog cannot be opened: cannot execute CREATE SCHEMA in a read-only transaction: it is a standby, or set to read only; connect to the primary",
  );
});

test("a database that is none for Gaugelet is looked at again, and may be mended while the runtime runs", async () => {
  const postgres = await startPostgres();
  onTestFinished(() => postgres.stop());
  const url = await postgres.newDatabase();
  const place = new URL(url);
  const name = place.pathname.slice(1);
  place.pathname = "/postgres";
  const administrator = new pg.Client(place.href);
  await administrator.connect();
  onTestFinished(() => administrator.end());
  const make = async (encoding: string): Promise<void> => {
    await administrator.query(`drop database ${name} with (force)`);
    await administrator.query(`create database ${name} template template0 encoding '${encoding}' locale 'C'`);
  };
  await make("LATIN1");
  const runtime = start({ DATABASE_URL: url });
  const { msg } = await runtime.logged("the catalog cannot be opened");
  expect(msg).toMatch(
    /: the database has the encoding LATIN1, which does not keep every text; make it anew: createdb /,
  );
  await make("UTF8");
  await runtime.logged("the API is ready", WAIT_SECONDS);
});

test("whoever stops while another runtime brings the tables of a PostgreSQL up to date does not wait for it", async () => {
  const postgres = await startPostgres();
  onTestFinished(() => postgres.stop());
  const url = await postgres.newDatabase();
  const other = new pg.Client(url);
  await other.connect();
  onTestFinished(() => other.end());
  await other.query("select pg_advisory_lock($1)", [MIGRATION_LOCK]);
  const stopped = start({ DATABASE_URL: url });
  await stopped.logged("runtime started");
  await waitFor("it waits", async () => {
    const { rows } = await other.query("select from pg_locks where locktype = 'advisory' and not granted");
    return rows.length > 0;
  });
  expect(await stopped.stop()).toBe(0);
  expect(stopped.log).not.toContainEqual(expect.objectContaining({ level: "error" }));
});

async function databasesOf(runtime: RuntimeProcess): Promise<number[]> {
  return await childrenOf(await runtime.pid(), "database/embedded/main");
}

async function signalDatabases(runtime: RuntimeProcess, signal: NodeJS.Signals): Promise<number> {
  const pids = await databasesOf(runtime);
  for (const pid of pids) process.kill(pid, signal);
  return pids.length;
}
