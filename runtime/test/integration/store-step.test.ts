import { envKey, positionKey } from "@gaugelet/shared/keys";
import { pino } from "pino";
import { expect, test } from "vitest";
import { RedisStore, type StoreResult } from "../../src/sinks/redis-store.ts";
import { useRuntime } from "./harness.ts";

const context = useRuntime();
const SOURCE = "kafka:t@id:0";

/** Store what the event after one position came to. */
function store(after: string, position: string, env: string): Promise<StoreResult> {
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

test("a step after another position than the one that is stored is a conflict", async () => {
  expect(await store("", "1", "one")).toBe("stored");
  expect(await store("", "2", "two")).toBe("conflict");
  expect(await context.redis.client.get(envKey("out"))).toBe("one");
});
