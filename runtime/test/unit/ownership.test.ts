import { expect, test } from "vitest";
import { triggerSchema } from "../../src/configuration/triggers.ts";
import { divide } from "../../src/functions/ownership.ts";

const TRIGGERS = {
  key: { redisKey: "metrics:*" },
  schedule: { schedule: "5s" },
  query: { prometheus: { query: "up" } },
  topic: { topic: "orders" },
  http: { http: true },
} as const;
const ALL = Object.values(TRIGGERS).map((trigger) => triggerSchema.parse(trigger));

/** Which kinds are shared; every other one must be owned. */
function shared(state: "none" | "function" | "partition", sharesPartitions: boolean): string[] {
  const ownership = divide({ triggers: ALL, state }, sharesPartitions);
  expect(new Set([...ownership.owned, ...ownership.shared])).toEqual(new Set(ALL));
  expect(ownership.owned.length + ownership.shared.length).toBe(ALL.length);
  const names = Object.keys(TRIGGERS);
  return ownership.shared.map((trigger) => names[ALL.indexOf(trigger)] ?? "");
}

test("on Redis one runtime reads a topic, whatever the function keeps", () => {
  expect(shared("function", false)).toEqual([]);
  expect(shared("partition", false)).toEqual([]);
  expect(shared("none", false)).toEqual(["http"]);
});

test("on Kafka partitions are shared, but where they have one env", () => {
  expect(shared("function", true)).toEqual([]);
  expect(shared("partition", true)).toEqual(["topic"]);
  expect(shared("none", true)).toEqual(["topic", "http"]);
});
