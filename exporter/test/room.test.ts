import { expect, test } from "vitest";
import { makeStore, outputOf, sampleLines, textOf } from "./support/mapped.ts";

const two = { bytes: Buffer.from('{"a":1,"b":2}') };

function storeOf(...outputs: readonly Parameters<typeof outputOf>[0][]) {
  const made = makeStore({ limits: { series: 3 } });
  for (const output of outputs) {
    const whole = outputOf(output);
    made.store.describe(whole);
    made.store.put(whole.key, two, 0);
  }
  return made;
}

test("an output that there was no room for comes when another one goes", () => {
  const { store, drops } = storeOf({ key: "x", functionName: "x" }, { key: "y", functionName: "y" });
  expect(sampleLines(textOf(store)).every((line) => line.includes('"x"'))).toBe(true);
  expect(drops).toEqual(["too_many_series"]);
  expect(store.problems.map(({ key, reason }) => [key, reason])).toEqual([["y", "too_many_series"]]);
  store.remove("x");
  store.expire(0);
  expect(sampleLines(textOf(store))).toEqual([
    'gaugelet_output_value{function="y",field="a"} 1',
    'gaugelet_output_value{function="y",field="b"} 2',
  ]);
  expect(store.problems).toEqual([]);
});

test("an output that there is no room for is not planned anew while it is the same", () => {
  const { store, drops } = storeOf({ key: "x", functionName: "x" }, { key: "y", functionName: "y" });
  const { version } = store;
  for (let n = 0; n < 3; n += 1) store.put("y", two, 0);
  expect([store.version, drops]).toEqual([version, ["too_many_series"]]);
  store.put("y", { bytes: Buffer.from('{"a":1}') }, 0);
  expect(store.problems).toEqual([]);
});

test("an output that was stale comes back only where there is room", () => {
  const { store } = storeOf({ key: "x", functionName: "x", storedAt: 0, staleAfter: 1 });
  store.expire(5_000);
  store.describe(outputOf({ key: "y", functionName: "y" }));
  store.put("y", two, 5_000);
  store.describe(outputOf({ key: "x", functionName: "x", storedAt: 5_000, staleAfter: 1 }));
  store.expire(5_500);
  expect(sampleLines(textOf(store)).filter((line) => line.includes('"x"'))).toEqual([]);
  expect(store.problems.map(({ reason }) => reason)).toEqual(["too_many_series"]);
});

test.each([
  ["an empty shard is none", { shard: undefined }, { shard: "" }],
  [
    "text that is not Unicode is written as it can be",
    { functionName: "\ufffd" },
    { functionName: "\ud800" },
  ],
])("outputs with one name give one series: %s", (_, first, second) => {
  const { store, drops } = makeStore();
  for (const [key, output] of Object.entries({ p: first, q: second })) {
    store.describe(outputOf({ key, ...output }));
    store.put(key, { bytes: Buffer.from('{"a":1}') }, 0);
  }
  expect(sampleLines(textOf(store))).toHaveLength(1);
  expect(drops).toEqual(["duplicate"]);
});
