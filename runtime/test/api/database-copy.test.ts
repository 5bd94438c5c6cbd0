import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startPostgres, type TestPostgres } from "@gaugelet/testing/postgres-server";
import { waitFor } from "@gaugelet/testing/wait";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Database, type DatabaseAddress, openDatabase } from "../../src/database/database.ts";
import { tablesOf } from "../../src/database-copy/tables.ts";
import { partitionsOf } from "../../src/runs/partitions.ts";
import { calling, counter, SUM } from "./functions.ts";
import { useApi } from "./use-api.ts";

const MAIN = fileURLToPath(new URL("../../src/database-copy/main.ts", import.meta.url));
const api = useApi("embedded");
let postgres: TestPostgres;

beforeAll(async () => {
  postgres = await startPostgres();
}, 240_000);
afterAll(() => postgres.stop());

/** Run the program, as an operator does. */
async function copy(environment: Record<string, string>): Promise<{ code: number; said: string }> {
  const { PATH = "" } = process.env;
  return await promisify(execFile)(process.execPath, [MAIN], { env: { PATH, ...environment } }).then(
    ({ stdout }) => ({ code: 0, said: stdout }),
    ({ code, stderr }: { code: number; stderr: string }) => ({ code, said: stderr }),
  );
}

async function inside<Value>(
  address: DatabaseAddress,
  read: (db: Database) => Promise<Value>,
): Promise<Value> {
  const database = await openDatabase(address, pino({ enabled: false }));
  try {
    return await read(database.db);
  } finally {
    await database.stop();
  }
}

interface Content {
  readonly count: number;
  readonly digest: string | null;
}

/** How many rows each table has, and a digest of all that is in them. */
async function contents(address: DatabaseAddress): Promise<Record<string, Content>> {
  return await inside(address, async (db) => {
    const client = await db.$client.connect();
    const found: Record<string, Content> = {};
    for (const { name } of await tablesOf(client)) {
      const { rows } = await client.query<Content>(`
        select count(*)::int as count, md5(string_agg(each::text, '|' order by each::text)) as digest
        from "${name}" each
      `);
      found[name] = rows[0] ?? { count: 0, digest: null };
    }
    client.release();
    return found;
  });
}

test("what is in the embedded database goes on in PostgreSQL", async () => {
  const { ask, ...before } = await api.start();
  const state = join(before.folder, "state");
  const [embedded, url] = [join(state, "database"), await postgres.newDatabase()];
  await ask("POST", "/users", { name: "ada", role: "editor" });
  const { token } = (await ask("POST", "/tokens", { name: "laptop", user: "ada" })).body;
  await ask("PUT", "/secrets/PASSWORD", { value: "a secret" }, token);
  await ask("PUT", "/budgets/ada", { amount: "1000", isHard: true });
  const { manifest, files } = counter("count", 5);
  await ask("POST", "/functions", counter("count", 1), token);
  await ask("PUT", "/functions/count", { manifest, files }, token);
  await ask("PUT", "/functions/count/aliases/stable", { version: 1 }, token);
  for (let calls = 1; calls <= 3; calls += 1)
    await calling(before)("count", { said: '"\\\u0001 ü \u{1F511}' });
  await waitFor("the runs to be recorded", async () => (await ask("GET", "/runs")).body.items.length === 3);

  expect(await copy({ GAUGELET_STATE_DIR: state, DATABASE_URL: url })).toMatchObject({
    code: 1,
    said: expect.stringContaining(`${embedded} is in use by the database of another runtime`),
  });
  await before.runtime.stop();
  expect(await copy({ GAUGELET_STATE_DIR: state, DATABASE_URL: url })).toMatchObject({
    code: 0,
    said: expect.stringMatching(/^done: \d+ rows\./m),
  });
  const was = await contents({ kind: "embedded", folder: embedded });
  expect(await contents({ kind: "postgresql", url })).toEqual(was);
  // Of an empty one nothing would be shown.
  expect(Object.values(was).filter(({ count }) => count === 0)).toEqual([]);
  expect(await copy({ GAUGELET_STATE_DIR: state, DATABASE_URL: url })).toMatchObject({
    code: 1,
    said: expect.stringContaining("the PostgreSQL database is in use"),
  });

  const after = await api.start({ GAUGELET_STATE_DIR: state, DATABASE_URL: url });
  expect((await calling(after)("count", {})).body).toEqual({ count: 20, step: 5 });
  await waitFor("its run to be recorded", async () => {
    return (await after.ask("GET", "/runs", undefined, token)).body.items.length === 4;
  });
  // Its number comes after those that were copied.
  expect((await after.ask("POST", "/functions", SUM, token)).status).toBe(201);
  const days = await inside({ kind: "postgresql", url }, (db) => partitionsOf(db));
  const inDefault = await inside({ kind: "postgresql", url }, (db) =>
    db.$client.query("select from runs_default"),
  );
  expect(days.length).toBeGreaterThan(0);
  expect(inDefault.rowCount).toBe(0);
});

test("what cannot be copied is told", async () => {
  const empty = await mkdtemp(join(tmpdir(), "gaugelet-copy-"));
  const url = "postgresql://gaugelet@127.0.0.1:1/none";
  expect(await copy({ GAUGELET_STATE_DIR: empty })).toEqual({
    code: 1,
    said: "environment: DATABASE_URL: expected the PostgreSQL to copy into\n",
  });
  expect(await copy({ GAUGELET_STATE_DIR: empty, DATABASE_URL: url })).toEqual({
    code: 1,
    said: `there is no embedded database in ${empty}/database: set GAUGELET_STATE_DIR to the runtime's; that of npm start is .gaugelet\n`,
  });
  await rm(empty, { recursive: true });
});
