import { randomBytes } from "node:crypto";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RUNS_KEY, RUNS_USAGE_KEY } from "@gaugelet/shared/keys";
import { connectRedis } from "@gaugelet/shared/redis/connection";
import { startPostgres, type TestPostgres } from "@gaugelet/testing/postgres-server";
import { startRedis, type TestRedis } from "@gaugelet/testing/redis-server";
import { waitFor } from "@gaugelet/testing/wait";
import { sql } from "drizzle-orm";
import { pino } from "pino";
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
  vi,
} from "vitest";
import { type OpenDatabase, openDatabase } from "../../src/database/database.ts";
import { Leases } from "../../src/leases/leases.ts";
import { findRun } from "../../src/runs/find-runs.ts";
import { keepPartitions } from "../../src/runs/partitions.ts";
import { Recorder } from "../../src/runs/recorder.ts";
import { MILLISECONDS_OF_DAY } from "../../src/runs/run-batch.ts";
import { rowsOf } from "../../src/runs/run-rows.ts";
import { type RunText, runRecord } from "./run-record.ts";
import { DATABASES, emptyEmbedded } from "./test-database.ts";

const LOG = pino({ enabled: false });
const USED = { billedMilliseconds: 2, mebibyteMilliseconds: 30, cpuMicroseconds: 400 };
const NOW = Date.parse("2026-11-26T12:00:00Z");

describe.each(DATABASES)("on %s", (kind) => {
  let redis: TestRedis;
  let postgres: TestPostgres | undefined;
  let folder: string;
  let empty: string | undefined;
  let database: OpenDatabase;
  const started: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    redis = await startRedis();
    if (kind === "postgresql") postgres = await startPostgres();
    else empty = await emptyEmbedded();
  });
  beforeEach(async () => {
    await redis.client.flushall();
    folder = await mkdtemp(join(tmpdir(), "gaugelet-recorder-"));
    if (empty !== undefined) await cp(empty, folder, { recursive: true });
    database = await openDatabase(
      postgres === undefined
        ? { kind: "embedded", folder }
        : { kind: "postgresql", url: await postgres.newDatabase() },
      LOG,
    );
  });
  afterEach(async () => {
    for (const stop of started.splice(0).reverse()) await stop();
    await database.stop();
    await rm(folder, { recursive: true, force: true });
  });
  afterAll(async () => {
    await redis.stop();
    await postgres?.stop();
    if (empty !== undefined) await rm(empty, { recursive: true, force: true });
  });

  function record(onRecorded = () => {}): Recorder {
    const address = { host: "127.0.0.1", port: redis.port, username: undefined, password: undefined, db: 0 };
    const connection = connectRedis(address);
    const leases = new Leases(connection, LOG);
    const recorder = new Recorder({
      redis: connectRedis(address),
      db: database.db,
      leases,
      retention: { retention: 30 * 86_400, maxBytes: undefined },
      log: LOG,
      onRecorded,
    });
    recorder.start();
    started.push(async () => {
      await recorder.stop();
      leases.stop();
      connection.disconnect();
    });
    return recorder;
  }

  async function add(ids: readonly string[], changes: object = {}): Promise<void> {
    const records = ids.map((id) => runRecord({ id, queuedAt: NOW, ...changes }));
    const usage = [
      { day: "2026-11-26", owner: "", function: "f", class: "standard", runs: ids.length, ...USED },
    ];
    await redis.client.xadd(RUNS_KEY, "*", "records", rowsOf(records), "usage", JSON.stringify(usage));
  }

  async function recorded(): Promise<string[]> {
    const { rows } = await database.db.execute<{ id: string }>(sql`select id from runs order by id`);
    return rows.map(({ id }) => id);
  }

  async function partitions(): Promise<string[]> {
    const { rows } = await database.db.execute<{ name: string }>(sql`
      select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = 'runs'::regclass order by 1
    `);
    return rows.map(({ name }) => name);
  }

  async function used(): Promise<unknown> {
    const { rows } = await database.db.execute(sql`
      select runs::text, billed_milliseconds::text as billed, mebibyte_milliseconds::text as memory,
        cpu_microseconds::text as cpu from usage where "function" = 'f'
    `);
    return rows[0];
  }

  const whenDrained = () =>
    waitFor("the stream to be drained", async () => (await redis.client.xlen(RUNS_KEY)) === 0);

  test("what is in the stream comes into the tables, and then goes from the stream", async () => {
    await add(["a", "b"]);
    await add(["c"], { status: "failed", error: "broken", logs: ["one", "two"], input: '{"a":"\\u0000"}' });
    record();
    await whenDrained();
    await add(["d"]);
    await whenDrained();
    expect(await recorded()).toEqual(["a", "b", "c", "d"]);
    expect(await used()).toEqual({ runs: "4", billed: "6", memory: "90", cpu: "1200" });
  });

  test("each value of a record comes into its own column", async () => {
    const values: Omit<RunText, "id" | "queuedAt"> = {
      function: "some-function",
      owner: "an owner",
      class: "a class",
      version: "ba9876543210",
      versionNumber: 1,
      status: "failed",
      trigger: "replay",
      source: "a source",
      shard: "a shard",
      eventId: "an event",
      user: "a user",
      attempt: 2,
      startedAt: NOW + 3,
      finishedAt: NOW + 4,
      runSeconds: 0.5,
      billedMilliseconds: 6,
      mebibyteMilliseconds: 7,
      cpuMicroseconds: 8,
      memoryPeakBytes: 9,
      diskBytes: 10,
      worker: "11",
      instance: "an instance",
      startMethod: "spawn",
      input: "an input",
      isInputCut: true,
      output: "an output",
      isOutputCut: false,
      error: "an error",
      traceback: "a traceback",
      logs: ["a line", "another"],
    };
    await add(["a"], values);
    record();
    await whenDrained();
    const admin = { user: "root", role: "admin", by: "token", address: "" } as const;
    expect(await findRun(database.db, admin, "a")).toEqual({
      ...values,
      id: "a",
      queuedAt: new Date(NOW),
      startedAt: new Date(NOW + 3),
      finishedAt: new Date(NOW + 4),
      sequence: expect.any(Number),
    });
  });

  test("long inputs and outputs come into the tables as short ones do", async () => {
    const long = { input: JSON.stringify({ text: "é🙂".repeat(1000) }), output: "1".repeat(5000) };
    await add(["a", "b"], long);
    await add(["c"], { ...long, input: `\x1f\x1e\x1d\0${long.input}` });
    record();
    await whenDrained();
    const { rows } = await database.db.execute(sql`select id, input, output from runs order by id`);
    expect(rows).toEqual([
      { id: "a", ...long },
      { id: "b", ...long },
      { id: "c", ...long, input: `␟␞␝␀${long.input}` },
    ]);
  });

  test("long inputs are compressed, by LZ4 where the database has it", async () => {
    await add(["a"], { input: JSON.stringify({ text: "abc".repeat(2000) }) });
    record();
    await whenDrained();
    const { rows } = await database.db.execute(sql`select pg_column_compression(input) as by from runs`);
    expect(rows).toEqual([{ by: kind === "embedded" ? "pglz" : "lz4" }]);
  });

  test("where entries keep coming, ever more of them are written at once", async () => {
    let transactions = 0;
    record(() => {
      transactions += 1;
    });
    const ids = Array.from({ length: 600 }, (_, number) => `run-${String(number).padStart(3, "0")}`);
    const startedAt = performance.now();
    for (let first = 0; first < ids.length; first += 4) {
      await Promise.all(ids.slice(first, first + 4).map((id) => add([id])));
      await sleep(20);
    }
    const seconds = (performance.now() - startedAt) / 1000;
    await whenDrained();
    expect(await recorded()).toEqual(ids);
    // One a second, once they are as far apart as they get; a few until then, and at the end.
    expect(transactions).toBeLessThan(9 + seconds);
  });

  test("an entry that comes again, as after a crash before it was trimmed, counts once", async () => {
    await add(["a"]);
    const entries = await redis.client.xrange(RUNS_KEY, "-", "+");
    const recorder = record();
    await whenDrained();
    await recorder.stop();
    // What was written and not yet trimmed is there again, under the same ids.
    await redis.client.del(RUNS_KEY);
    for (const [id, fields] of entries) await redis.client.xadd(RUNS_KEY, id, ...fields);
    record();
    await add(["b"]);
    await waitFor("the second run", async () => (await recorded()).includes("b"));
    await whenDrained();
    expect(await recorded()).toEqual(["a", "b"]);
    expect(await used()).toMatchObject({ runs: "2" });
  });

  test("what strangers wrote is left out, and what cannot be kept as it is is changed", async () => {
    await redis.client.xadd(RUNS_KEY, "*", "something", "else");
    await redis.client.xadd(RUNS_KEY, "*", "records", "[1, {}, null]", "usage", "no JSON");
    const usage = { day: "2026-11-26", owner: "", function: "f", class: "standard", runs: 1, ...USED };
    // Of a day that PostgreSQL has not, and more than a bigint holds.
    for (const change of [{ day: "0000-01-01" }, { runs: "9".repeat(20) }]) {
      const stranger = JSON.stringify([{ ...usage, ...change }]);
      await redis.client.xadd(RUNS_KEY, "*", "records", "", "usage", stranger);
    }
    await redis.client.xadd(RUNS_KEY, "*", "records", "\x1e\x1f\x1d", "usage", "[]");
    const error = "null\0character, and \x1d, \x1e and \x1f";
    await add(["a"], { error, logs: ["half \ud800", "null\0"], input: "", status: "failed" });
    await add(["b"], { owner: randomBytes(10_000).toString("hex") });
    await add(["c", "c", "d"]);
    record();
    await whenDrained();
    expect(await recorded()).toEqual(["a", "c", "d"]);
    const { rows } = await database.db.execute(sql`select error, logs, input from runs where id = 'a'`);
    expect(rows).toEqual([
      { error: "null␀character, and ␝, ␞ and ␟", logs: ["half \uFFFD", "null␀"], input: "" },
    ]);
    expect(await used()).toMatchObject({ runs: "5" });
  });

  test("usage that was counted while the stream was full is added, to the last unit", async () => {
    const name = (unit: string) => JSON.stringify(["2026-11-26", "", "f", "standard", unit]);
    await redis.client.hset(RUNS_USAGE_KEY, {
      [name("runs")]: "9007199254740993",
      [name("billedMilliseconds")]: "2",
      [name("cpuMicroseconds")]: "4",
    });
    await add(["a"]);
    record();
    await waitFor("all usage", async () => ((await used()) as { cpu?: string } | undefined)?.cpu === "404");
    expect(await used()).toEqual({ runs: "9007199254740994", billed: "4", memory: "30", cpu: "404" });
    expect(await redis.client.exists(RUNS_USAGE_KEY)).toBe(0);
  });

  // None is expected of a topic: it takes the way of what cannot be written at once.
  test.each(["invocation", "topic"])(
    "a run by %s that was shown as waiting is over with its record, and stays as it is then",
    async (trigger) => {
      await add(["a"], { status: "waiting", trigger, output: null });
      record();
      await whenDrained();
      await add(["a"], { status: "completed", trigger, output: '{"n":1}' });
      await whenDrained();
      await add(["a"], { status: "failed", trigger, output: null });
      await whenDrained();
      const { rows } = await database.db.execute(sql`select status, output from runs`);
      expect(rows).toEqual([{ status: "completed", output: '{"n":1}' }]);
    },
  );

  test.skipIf(kind === "embedded")(
    "nothing is lost or counted twice where the database crashes",
    async () => {
      record();
      const ids: string[] = [];
      for (let round = 0; round < 6; round += 1) {
        for (let n = 0; n < 40; n += 1) {
          const id = `${round}-${String(n).padStart(2, "0")}`;
          ids.push(id);
          await add([id]);
        }
        if (round % 2 === 0) await postgres?.crash();
        else await postgres?.restart();
      }
      await whenDrained();
      expect(await recorded()).toEqual(ids);
      expect(await used()).toMatchObject({ runs: String(ids.length) });
    },
  );

  test.runIf(kind === "postgresql")(
    "what is in the stream is drained though somebody reads runs for long when a partition is due",
    async () => {
      await database.db.transaction(async (reading) => {
        await reading.execute(sql`select count(*) from runs`);
        record();
        await add(["a"]);
        await whenDrained();
      });
      await add(["b"]);
      await whenDrained();
      expect(await recorded()).toEqual(["a", "b"]);
      expect(await used()).toMatchObject({ runs: "2" });
    },
  );

  test("what comes after Redis lost everything is recorded, where its clock is behind what was drained, too", async () => {
    await redis.client.xadd(
      RUNS_KEY,
      `${Date.now() + 3_600_000}-0`,
      "records",
      rowsOf([runRecord({ id: "a" })]),
    );
    record();
    await whenDrained();
    await redis.client.flushall();
    // It looks each second.
    await waitFor("the stream to be there", async () => (await redis.client.exists(RUNS_KEY)) === 1);
    await add(["b"]);
    await whenDrained();
    expect(await recorded()).toEqual(["a", "b"]);
    expect(await used()).toEqual({ runs: "1", billed: "2", memory: "30", cpu: "400" });
  });

  test("two recorders at the same time write everything once", async () => {
    record();
    record();
    const ids = Array.from({ length: 100 }, (_, n) => String(n).padStart(3, "0"));
    for (const id of ids) await add([id]);
    await whenDrained();
    expect(await recorded()).toEqual(ids);
    expect(await used()).toMatchObject({ runs: "100" });
  });

  test("a clock that is far ahead of the database's drops nothing", async () => {
    await keepPartitions(database.db, { retention: 86_400, maxBytes: undefined }, Date.now());
    const before = await partitions();
    const ahead = Date.now() + 400 * MILLISECONDS_OF_DAY;
    const clock = vi.spyOn(Date, "now").mockReturnValue(ahead);
    onTestFinished(() => clock.mockRestore());
    record();
    await add(["a"]);
    await whenDrained();
    expect(await partitions()).toEqual(expect.arrayContaining(before));
  });

  test("each day has a partition before it begins, and goes when it is too old", async () => {
    const { db } = database;
    const keep = (retention: number, now: number, maxBytes?: number) =>
      keepPartitions(db, { retention, maxBytes }, now);
    expect(await keep(86_400, NOW)).toEqual([]);
    expect(await partitions()).toEqual(["runs_20261126", "runs_20261127", "runs_20261128", "runs_default"]);
    record();
    await add(["new"]);
    await add(["old"], { queuedAt: NOW - 10 * MILLISECONDS_OF_DAY });
    await whenDrained();
    expect(await recorded()).toEqual(["new", "old"]);
    expect(await keep(86_400, NOW + MILLISECONDS_OF_DAY)).toEqual([]);
    expect(await recorded()).toEqual(["new"]);
    expect(await keep(86_400, NOW + 2 * MILLISECONDS_OF_DAY)).toEqual(["runs_20261126"]);
    expect(await recorded()).toEqual([]);
    // Of those that are kept the oldest go, down to today's.
    expect(await keep(86_400 * 30, NOW + 2 * MILLISECONDS_OF_DAY, 1)).toEqual(["runs_20261127"]);
  });
});
