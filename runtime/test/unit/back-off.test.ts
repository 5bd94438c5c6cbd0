import { expect, test } from "vitest";
import { backOffSeconds } from "../../src/workers/back-off.ts";

test("the first start and one after a success need not wait", () => {
  expect(backOffSeconds(0)).toBe(0);
});

test("each failure doubles the wait, from 0.1 s up to 30 s", () => {
  const waits = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map(backOffSeconds);
  expect(waits).toEqual([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30]);
});

test("it stays at 30 s however long it goes on", () => {
  expect(backOffSeconds(100_000)).toBe(30);
});
