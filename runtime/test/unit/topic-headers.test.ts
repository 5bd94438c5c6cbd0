import { expect, test } from "vitest";
import { derivedHeaders, givenId, hopsOf, MAX_HOPS } from "../../src/topics/headers.ts";

test("an event that a function makes is named after the one that it came from, each time the same", () => {
  const first = derivedHeaders("orders/0/17", "clean", 1);
  expect(first).toEqual(derivedHeaders("orders/0/17", "clean", 1));
  expect(first).toEqual({ "gaugelet-event-id": "orders/0/17>clean", "gaugelet-hops": "1" });
  expect(givenId(first)).toBe("orders/0/17>clean");
  expect(hopsOf(first)).toBe(1);
  const second = derivedHeaders(givenId(first) ?? "", "bill", hopsOf(first) + 1);
  expect(givenId(second)).toBe("orders/0/17>clean>bill");
  expect(hopsOf(second)).toBe(2);
});

test("events of others have no name and come through no function", () => {
  expect(givenId({})).toBeUndefined();
  expect(givenId({ "event-id": "x" })).toBeUndefined();
  expect(hopsOf({})).toBe(0);
});

test.each(["", "-3", "1.5", "many", "NaN", "Infinity", "1e300"])("%j is no number of functions", (text) => {
  expect(hopsOf({ "gaugelet-hops": text })).toBe(0);
});

test("the most functions in a row are sixteen, as the documentation says", () => {
  expect(MAX_HOPS).toBe(16);
});
