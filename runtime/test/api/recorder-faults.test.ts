import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RUNS_KEY, RUNS_USAGE_KEY } from "@gaugelet/shared/keys";
import { connectRedis } from "@gaugelet/shared/redis/connection";
import { freePort } from "@gaugelet/testing/ports";
import { startPostgres, type TestPostgres } from "@gaugelet/testing/postgres-server";
import { startRedis, type TestRedis } from "@gaugelet/testing/redis-server";
import { waitFor } from "@gaugelet/testing/wait";
import { sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import { pino } from "pino";
import { afterEach, describe, expect, test } from "vitest";
import { type OpenDatabase, openDatabase } from "../../src/database/database.ts";
import { openPostgresql } from "../../src/database/postgresql.ts";
import { Leases } from "../../src/leases/leases.ts";
import { Recorder } from "../../src/runs/recorder.ts";
import { RunBatch } from "../../src/runs/run-batch.ts";
import { Gathered, type Handled } from "../../src/sinks/handled.ts";
import { RedisStore } from "../../src/sinks/redis-store.ts";
import { childrenOf } from "../integration/harness.ts";
import { runRecord } from "./run-record.ts";
import { DATABASES } from "./test-database.ts";

const LOG = pino({ enabled: false });
const NOW = Date.parse("2026-11-26T12:00:00Z");
const DAY = NOW / (24 * 3600 * 1000);
const OWNERS = ["ada", "bob"].map((owner) => ({ owner, function: `of-${owner}`, class: "standard" }));
/** In turns, in the midst of it, and both at once. */
const FAULTS = ["database", "redis", "both", "database"] as const;
const WRITERS = 4;

/** What is stored of the steps of a function's calls besides that they are counted. */
const NOTHING_ELSE = {
  ...(new Gathered() as Handled),
  fence: undefined,
  expected: new Map<string, string>(),
  entry: { function: "f", version: "1", storedAt: NOW, staleAfter: null },
} as const;

const upTo = (most: number): number => 1 + Math.floor(Math.random() * most);

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** Calls that are over, as a runtime stores them: until each step is stored, however often Redis goes away. */
class Calls {
  readonly all = new Set<string>();
  /** By owner: runs, billed milliseconds, mebibyte milliseconds, microseconds. */
  readonly used = new Map<string, bigint[]>();
  readonly #writers: Promise<void>[];
  #isOver = false;

  /** @param backlog entries at which runs are counted only. */
  constructor(redis: TestRedis, backlog: number) {
    const connection = connectRedis(addressOf(redis));
    cleanUps.push(async () => connection.disconnect());
    const store = new RedisStore(connection, LOG, backlog);
    this.#writers = Array.from({ length: WRITERS }, (_, number) => this.#write(store, `writer-${number}`));
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#writers);
  }

  async #write(store: RedisStore, writer: string): Promise<void> {
    for (let number = 1; !this.#isOver; number += 1) {
      const runs = new RunBatch();
      for (let run = upTo(4); run > 0; run -= 1) runs.add(this.#finished(`${writer}-${number}-${run}`));
      const step = { runs, writer, number };
      const record = { ...NOTHING_ELSE, outputKey: `gaugelet:output:${writer}`, functionName: writer, step };
      expect(await store.store(record, new AbortController().signal)).toBe("stored");
      await sleep(upTo(10));
    }
  }

  #finished(id: string) {
    const of = OWNERS[upTo(2) - 1] as (typeof OWNERS)[number];
    const used = {
      billedMilliseconds: upTo(10),
      mebibyteMilliseconds: upTo(1e9),
      cpuMicroseconds: upTo(1e6),
    };
    const sums = this.used.get(of.owner) ?? [0n, 0n, 0n, 0n];
    this.used.set(
      of.owner,
      [1, used.billedMilliseconds, used.mebibyteMilliseconds, used.cpuMicroseconds].map(
        (amount, index) => (sums[index] ?? 0n) + BigInt(amount),
      ),
    );
    this.all.add(id);
    return { of, day: DAY, ...used, record: runRecord({ id, queuedAt: NOW, ...of, ...used }) };
  }
}

function addressOf({ port }: TestRedis) {
  return { host: "127.0.0.1", port, username: undefined, password: undefined, db: 0 };
}

function record(redis: TestRedis, { db }: Pick<OpenDatabase, "db">, log = LOG): void {
  const connection = connectRedis(addressOf(redis));
  const leases = new Leases(connection, LOG);
  const recorder = new Recorder({
    redis: connectRedis(addressOf(redis)),
    db,
    leases,
    retention: { retention: 30 * 86_400, maxBytes: undefined },
    log,
    onRecorded: () => {},
  });
  recorder.start();
  cleanUps.push(async () => {
    await recorder.stop();
    leases.stop();
    connection.disconnect();
  });
}

test("a database that is away is told as what it is, with what to do", async () => {
  const redis = await startRedis();
  cleanUps.push(() => redis.stop());
  const database = openPostgresql(`postgresql://gaugelet@127.0.0.1:${await freePort()}/gone`, LOG);
  cleanUps.push(() => database.stop());
  const lines: string[] = [];
  const log = pino({}, { write: (line) => void lines.push(line) });
  record(redis, { db: drizzle(database.pool) }, log);
  const line = await waitFor("its problem", () => lines.find((each) => each.includes("cannot be recorded")));
  expect(JSON.parse(line).msg).toMatch(
    /ECONNREFUSED 127[.\d:]+: nothing listens there; start PostgreSQL or check DATABASE_URL$/,
  );
});

describe.each(DATABASES)("on %s", (kind) => {
  const cases = [
    ["recorded", 1_000_000],
    // What is counted only is Redis' work: one database is enough.
    ...(kind === "embedded" ? [] : [["counted, or recorded where there is room,", 60] as const]),
  ] as const;
  test.each(cases)("each run is %s once while the database and Redis are killed", async (what, backlog) => {
    const redis = await startRedis(["--appendfsync", "always"]);
    cleanUps.push(() => redis.stop());
    let postgres: TestPostgres | undefined;
    const folder = await mkdtemp(join(tmpdir(), "gaugelet-faults-"));
    cleanUps.push(() => rm(folder, { recursive: true, force: true }));
    if (kind === "postgresql") {
      postgres = await startPostgres();
      cleanUps.push(async () => await postgres?.stop());
    }
    const database = await openDatabase(
      postgres === undefined
        ? { kind: "embedded", folder }
        : { kind: "postgresql", url: await postgres.newDatabase() },
      LOG,
    );
    cleanUps.push(() => database.stop());
    const count = async (): Promise<number> => {
      const { rows } = await database.db.execute<{ n: string }>(sql`select count(*) as n from runs`);
      return Number(rows[0]?.n);
    };
    const kill = {
      database: async () => {
        if (postgres === undefined) {
          const pids = await childrenOf(process.pid, "database/embedded/main");
          for (const pid of pids) process.kill(pid, "SIGKILL");
        } else {
          await postgres.crash();
          await postgres.restart();
        }
      },
      redis: async () => {
        await redis.crash();
        await sleep(upTo(200));
        await redis.restart();
      },
      both: async () => {
        await Promise.all([kill.redis(), kill.database()]);
      },
    };

    record(redis, database);
    const calls = new Calls(redis, backlog);
    for (const fault of FAULTS) {
      const before = await waitFor("the database to answer", count);
      await waitFor("more runs in the database", async () => (await count()) > before);
      await sleep(upTo(300));
      await kill[fault]();
    }
    await calls.end();
    await waitFor("the stream to be drained", async () => {
      const [entries, usage] = await Promise.all([
        redis.client.xlen(RUNS_KEY),
        redis.client.exists(RUNS_USAGE_KEY),
      ]);
      return entries === 0 && usage === 0;
    });

    const { rows: runs } = await database.db.execute<{ id: string }>(sql`select id from runs`);
    expect(new Set(runs.map(({ id }) => id)).size).toBe(runs.length);
    expect(runs.filter(({ id }) => !calls.all.has(id))).toEqual([]);
    if (what === "recorded") expect(runs.length).toBe(calls.all.size);
    const { rows: sums } = await database.db.execute<Record<string, string>>(sql`
      select owner, runs::text, billed_milliseconds::text as billed, mebibyte_milliseconds::text as memory,
        cpu_microseconds::text as cpu from usage
    `);
    const stored = sums.map(({ owner = "", runs: number, billed, memory, cpu }) => [
      owner,
      [number, billed, memory, cpu],
    ]);
    const used = [...calls.used].map(([owner, amounts]) => [owner, amounts.map(String)]);
    expect(Object.fromEntries(stored)).toEqual(Object.fromEntries(used));
  });
});
