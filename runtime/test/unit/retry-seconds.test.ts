import { expect, test } from "vitest";
import { retrySeconds } from "../../src/dispatcher/back-off.ts";

const policy = { attempts: 10, backoff: { from: 0.2, to: 5 } };
const longest = (attempts: number) => retrySeconds(policy, attempts, 1);

test("the longest wait doubles from attempt to attempt, up to the end of it", () => {
  expect([1, 2, 3, 4, 5, 6, 7].map(longest)).toEqual([0.2, 0.4, 0.8, 1.6, 3.2, 5, 5]);
  expect(longest(100_000)).toBe(5);
});

test("the shortest is half of the longest", () => {
  for (const attempts of [1, 3, 50]) expect(retrySeconds(policy, attempts, 0)).toBe(longest(attempts) / 2);
});

test("events that failed together are spread over all of that", () => {
  const waits = Array.from({ length: 1_000 }, () => retrySeconds(policy, 3));
  for (const wait of waits) {
    expect(wait).toBeGreaterThanOrEqual(0.4);
    expect(wait).toBeLessThanOrEqual(0.8);
  }
  expect(Math.min(...waits)).toBeLessThan(0.45);
  expect(Math.max(...waits)).toBeGreaterThan(0.75);
});

test("no wait at all may be asked for", () => {
  expect(retrySeconds({ attempts: 3, backoff: { from: 0, to: 0 } }, 2)).toBe(0);
});
