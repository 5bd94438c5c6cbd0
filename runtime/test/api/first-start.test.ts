import { existsSync, readdirSync } from "node:fs";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startRedis, type TestRedis } from "@gaugelet/testing/redis-server";
import { waitFor } from "@gaugelet/testing/wait";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { RuntimeProcess } from "../faults/runtime-process.ts";
import { childrenOf } from "../integration/harness.ts";

let redis: TestRedis;
let folder: string;
let database: string;
const started: RuntimeProcess[] = [];

beforeAll(async () => {
  redis = await startRedis();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gaugelet-first-"));
  await chmod(folder, 0o755);
  database = join(folder, "state/database");
  await writeFile(join(folder, "gaugelet.yaml"), "functions: []\n");
});
afterEach(async () => {
  // The database of one that is killed ends later.
  for (const each of started.splice(0)) await each.stop();
  await rm(folder, { recursive: true, force: true });
});
afterAll(() => redis.stop());

function start(): RuntimeProcess {
  const runtime = new RuntimeProcess({
    folder,
    environment: {
      GAUGELET_CATALOG: "on",
      GAUGELET_CONFIG: join(folder, "gaugelet.yaml"),
      REDIS_HOST: "127.0.0.1",
      REDIS_PORT: String(redis.port),
    },
  });
  started.push(runtime);
  return runtime;
}

/** Files of the database, as far as it is made. */
function filesMade(): number {
  return existsSync(database) ? readdirSync(database, { recursive: true }).length : 0;
}

/** Whether its files are all there; its tables are not yet. */
function areFilesMade(): boolean {
  return existsSync(join(database, "PG_VERSION"));
}

async function expectServing(runtime: RuntimeProcess): Promise<void> {
  await runtime.logged("the API is ready", 120);
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
  await killed.kill();
  const stopped = start();
  await waitFor("all of its files, and no tables", areFilesMade);
  await stopped.stop();
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

async function databasesOf(runtime: RuntimeProcess): Promise<number[]> {
  return await childrenOf(await runtime.pid(), "database/embedded/main");
}

async function signalDatabases(runtime: RuntimeProcess, signal: NodeJS.Signals): Promise<number> {
  const pids = await databasesOf(runtime);
  for (const pid of pids) process.kill(pid, signal);
  return pids.length;
}
