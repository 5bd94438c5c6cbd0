import { expect, test } from "vitest";
import { TopicRates } from "../../src/topics/rates.ts";

function ratesAt() {
  const clock = { now: 0 };
  return { clock, rates: new TopicRates(() => clock.now) };
}

test("a rate is what was published between two looks a second apart at least", () => {
  const { clock, rates } = ratesAt();
  expect(rates.of("t", 100)).toBeUndefined();
  clock.now = 0.5;
  expect(rates.of("t", 110)).toBeUndefined();
  clock.now = 2;
  expect(rates.of("t", 120)).toBe(10);
  clock.now = 2.5;
  // Too soon after the last look: since the one before.
  expect(rates.of("t", 150)).toBe(20);
  expect(rates.of("u", 7)).toBeUndefined();
});

test("a topic that was made anew, was looked at long ago, or is not counted has no rate", () => {
  const { clock, rates } = ratesAt();
  rates.of("t", 100);
  clock.now = 2;
  expect(rates.of("t", 3)).toBeUndefined();
  clock.now = 1_000;
  expect(rates.of("t", 5)).toBeUndefined();
  clock.now = 1_002;
  expect(rates.of("t", undefined)).toBeUndefined();
  expect(rates.of("t", 9)).toBe(2);
  rates.forget("t");
  expect(rates.of("t", 9)).toBeUndefined();
});
