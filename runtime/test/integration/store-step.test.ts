import { envKey, positionKey, RUNS_KEY, RUNS_USAGE_KEY } from "@gaugelet/shared/keys";
import { pino } from "pino";
import { expect, test } from "vitest";
import { RunBatch } from "../../src/runs/run-batch.ts";
import { UNIT_SEPARATOR } from "../../src/runs/run-rows.ts";
import { type RecordedStep, RedisStore, type StoreResult } from "../../src/sinks/redis-store.ts";
import { runRecord } from "../api/run-record.ts";
import { useRuntime } from "./harness.ts";

const context = useRuntime();
const SOURCE = "kafka:t@id:0";

/** Store what the event after one position came to. */
function store(after: string, position: string, env: string, step?: RecordedStep): Promise<StoreResult> {
  const entry = { function: "f", version: "1", storedAt: 1, staleAfter: null };
  return new RedisStore(context.redis.client, pino({ enabled: false })).store(
    {
      answers: new Map(),
      deadLetters: [],
      delayed: [],
      delayedOver: [],
      seen: [],
      outputKey: "out",
      functionName: "f",
      entry,
      fence: undefined,
      output: Buffer.from("{}"),
      env: Buffer.from(env),
      positions: new Map([[SOURCE, position]]),
      expected: new Map([[SOURCE, after]]),
      step,
    },
    new AbortController().signal,
  );
}

test("a step that is stored twice, since its reply was lost, is stored once", async () => {
  expect(await store("", "1", "one")).toBe("stored");
  expect(await store("", "1", "one")).toBe("stored");
  expect(await store("1", "2", "two")).toBe("stored");
});

test("a step of another owner that handled the same event, from another env, is a conflict", async () => {
  expect(await store("", "1", "one")).toBe("stored");
  expect(await store("", "1", "one, twice")).toBe("conflict");
  expect(await context.redis.client.get(envKey("out"))).toBe("one");
  expect(await context.redis.client.hget(positionKey("out"), SOURCE)).toBe("1");
});

test("where calls are counted, a step of another owner that handled the same event is a conflict from any env", async () => {
  const own = (number: number) => ({ runs: new RunBatch(), writer: "own", number });
  expect(await store("", "1", "one", own(1))).toBe("stored");
  expect(await store("", "1", "one", own(1))).toBe("stored");
  // What else is in it is not stored.
  expect(await store("", "1", "one", { ...own(1), writer: "other" })).toBe("conflict");
  expect(await store("1", "2", "two", own(2))).toBe("stored");
});

test("a step after another position than the one that is stored is a conflict", async () => {
  expect(await store("", "1", "one")).toBe("stored");
  expect(await store("", "2", "two")).toBe("conflict");
  expect(await context.redis.client.get(envKey("out"))).toBe("one");
});

/** Store a step of calls alone. */
function count(number: number, maxBacklog: number): Promise<StoreResult> {
  const runs = new RunBatch();
  runs.add({
    of: { owner: "me", function: "f", class: "standard" },
    day: 20_000,
    billedMilliseconds: 3,
    // More digits than a script writes by itself.
    mebibyteMilliseconds: 2 ** 52 + 1,
    cpuMicroseconds: 0,
    record: runRecord({ id: `run-${number}` }),
  });
  return new RedisStore(context.redis.client, pino({ enabled: false }), maxBacklog).store(
    {
      answers: new Map(),
      deadLetters: [],
      delayed: [],
      delayedOver: [],
      seen: [],
      outputKey: "out",
      functionName: "f",
      entry: { function: "f", version: "1", storedAt: 1, staleAfter: null },
      fence: undefined,
      output: undefined,
      env: undefined,
      positions: new Map(),
      expected: new Map(),
      step: { runs, writer: "writer", number },
    },
    new AbortController().signal,
  );
}

test("a step that only counts calls is counted once, though it is stored twice", async () => {
  await count(1, 10);
  await count(1, 10);
  await count(2, 10);
  const entries = await context.redis.client.xrange(RUNS_KEY, "-", "+");
  const ids = entries.map(([, fields]) => fields[1]?.split(UNIT_SEPARATOR)[0]);
  expect(ids).toEqual(["run-1", "run-2"]);
  expect(entries[0]?.[1].slice(2)).toEqual(["usage", expect.stringContaining('"billedMilliseconds":3')]);
});

test("where the stream is full usage is summed up, and nothing else is added", async () => {
  for (let number = 1; number <= 4; number += 1) await count(number, 2);
  expect(await context.redis.client.xlen(RUNS_KEY)).toBe(2);
  const name = (unit: string) => JSON.stringify(["2024-10-04", "me", "f", "standard", unit]);
  expect(await context.redis.client.hgetall(RUNS_USAGE_KEY)).toEqual({
    [name("runs")]: "2",
    [name("billedMilliseconds")]: "6",
    [name("mebibyteMilliseconds")]: String(2 ** 53 + 2),
    [name("cpuMicroseconds")]: "0",
  });
});
