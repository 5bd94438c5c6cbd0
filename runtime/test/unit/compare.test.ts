import { expect, test } from "vitest";
import { parseExactly } from "../../src/exact-json.ts";
import { differencesOf } from "../../src/replay/compare.ts";

test.each([
  [{ a: 1 }, { a: 1 }, []],
  [{ a: 1, b: { c: [1, 2] } }, { a: 2, b: { c: [1, 3] } }, ["a: 1 2", "b.c.1: 2 3"]],
  [{ a: 1 }, {}, ["a: 1 undefined"]],
  [{}, { a: null }, ["a: undefined null"]],
  [{ a: [] }, { a: {} }, ["a: [] {}"]],
  [1, { a: 1 }, [': 1 {"a":1}']],
  [{ a: "[redacted]" }, { a: 5 }, []],
])("from %j to %j: %j", (before, after, expected) => {
  const told = differencesOf(before, after).map(
    (each) => `${each.path}: ${JSON.stringify(each.old)} ${JSON.stringify(each.new)}`,
  );
  expect(told).toEqual(expected);
});

test("no more than 100 differences are told", () => {
  const numbers = Array.from({ length: 300 }, (_, n) => n);
  expect(
    differencesOf(
      numbers,
      numbers.map((n) => -n - 1),
    ),
  ).toHaveLength(100);
});

test("integers differ where a number would round them to the same", () => {
  const [before, after] = ['{"a":{"id":9007199254740992}}', '{"a":{"id":9007199254740993}}'].map(
    parseExactly,
  );
  expect(JSON.stringify(differencesOf(before, after))).toBe(
    '[{"path":"a.id","old":9007199254740992,"new":9007199254740993}]',
  );
  expect(differencesOf(after, parseExactly('{"a":{"id":9007199254740993}}'))).toEqual([]);
});
