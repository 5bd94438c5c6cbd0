import { validate } from "@gaugelet/shared/configuration";
import { expect, test } from "vitest";
import { z } from "zod";
import type { OutputStore } from "../src/exposition/output-store.ts";
import { ruleSchema } from "../src/mapping/rule-schema.ts";
import { loadRules } from "../src/mapping/rules.ts";
import { makeStore, outputOf, sampleLines, textOf } from "./support/mapped.ts";

const definitions = [
  { path: "gauges.{_name}", metric: "{_name}", help: "h" },
  { path: "counts.{_name}", metric: "{_name}", help: "h", type: "unknown" },
];
const rules = await loadRules({
  file: "rules",
  rules: validate(z.array(ruleSchema), definitions, "rules"),
  defaultRules: false,
});

function put(store: OutputStore, key: string, value: object): void {
  store.describe(outputOf({ key, functionName: key }));
  store.put(key, { bytes: Buffer.from(JSON.stringify(value)) }, 0);
}

const lines = (store: OutputStore): string[] => sampleLines(textOf(store));

const named = (from: number, count: number): object => ({
  gauges: Object.fromEntries(Array.from({ length: count }, (_, index) => [`m${from + index}`, 1])),
});

test("names that no series has any more make room for others", () => {
  const { store, drops } = makeStore({ rules });
  for (let from = 0; from < 30_000; from += 3_000) {
    put(store, "a", named(from, 3_000));
    put(store, "b", named(from + 50_000, 3_000));
    expect(lines(store)).toHaveLength(6_000);
  }
  expect(drops).toEqual([]);
});

test.each<[string, (store: OutputStore) => void]>([
  ["goes", (store) => store.remove("a")],
  ["is gone", (store) => store.put("a", { absence: "gone" }, 1)],
  ["has other series", (store) => put(store, "a", { gauges: { other: 1 } })],
  ["is no JSON any more", (store) => store.put("a", { bytes: Buffer.from("{") }, 1)],
])("a name of another type is free once the output that has it %s", (_, change) => {
  const { store, drops } = makeStore({ rules });
  put(store, "a", { gauges: { x: 1 } });
  put(store, "b", { counts: { x: 2 } });
  expect([lines(store), drops]).toEqual([['x{function="a"} 1'], ["type_conflict"]]);
  change(store);
  // The very bytes of before: they are read again within half a minute.
  put(store, "b", { counts: { x: 2 } });
  expect(lines(store)).toContain('x{function="b"} 2');
  expect(textOf(store)).toContain("# TYPE x untyped\n");
  expect(textOf(store)).not.toContain("# TYPE x gauge\n");
  put(store, "b", { counts: { x: 3 } });
  expect(lines(store)).toContain('x{function="b"} 3');
});

test("a name that is the same once escaped is free once the other one's last series goes", () => {
  const { store } = makeStore({ rules });
  put(store, "a", { gauges: { "x-y": 1 } });
  put(store, "b", { gauges: { "x-y": 1 } });
  put(store, "c", { gauges: { x_y: 2 } });
  store.remove("a");
  put(store, "c", { gauges: { x_y: 2 } });
  expect(lines(store)).toEqual(['x_y{function="b"} 1']);
  store.remove("b");
  put(store, "c", { gauges: { x_y: 2 } });
  expect(lines(store)).toEqual(['x_y{function="c"} 2']);
});

test("a name stays taken while its output is stale, and comes back with it", () => {
  const { store } = makeStore({ rules });
  store.describe(outputOf({ key: "a", functionName: "a", storedAt: 1_000, staleAfter: 1 }));
  store.put("a", { bytes: Buffer.from('{"gauges":{"x":1}}') }, 1_000);
  store.expire(5_000);
  put(store, "b", { counts: { x: 2 } });
  expect(lines(store)).toEqual([]);
  store.describe(outputOf({ key: "a", functionName: "a", storedAt: 5_000, staleAfter: 1 }));
  store.expire(5_500);
  expect(lines(store)).toContain('x{function="a"} 1');
});
