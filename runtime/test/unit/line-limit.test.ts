import { describe, expect, test } from "vitest";
import { LineLimit } from "../../src/workers/line-limit.ts";

/** How many of the lines written at these times (in milliseconds) were let through. */
function written(limit: LineLimit, times: readonly number[]): number {
  return times.filter((time) => limit.take(time).write).length;
}

describe("so many lines a second", () => {
  test("are written, and the rest is not", () => {
    const limit = new LineLimit(3);
    const answers = [0, 1, 2, 3, 4].map((time) => limit.take(time));
    expect(answers.map(({ write }) => write)).toEqual([true, true, true, false, false]);
    expect(answers.map(({ dropped }) => dropped)).toEqual([0, 0, 0, 0, 0]);
  });

  test("are written again in the next second, with the number of those that were dropped told once", () => {
    const limit = new LineLimit(2);
    expect(written(limit, [100, 200, 300, 400, 999])).toBe(2);
    expect(limit.take(1000)).toEqual({ write: true, dropped: 3 });
    expect(limit.take(1001)).toEqual({ write: true, dropped: 0 });
    expect(limit.take(1002)).toEqual({ write: false, dropped: 0 });
    expect(limit.take(60_000)).toEqual({ write: true, dropped: 1 });
  });

  test("are never exceeded in any second of a flood", () => {
    const limit = new LineLimit(10);
    const times = Array.from({ length: 5000 }, (_, index) => index * 2);
    expect(written(limit, times)).toBe(10 * 10);
  });

  test("no second leaves lines for a later one", () => {
    const limit = new LineLimit(5);
    expect(written(limit, [0])).toBe(1);
    expect(written(limit, [10_000, 10_001, 10_002, 10_003, 10_004, 10_005])).toBe(5);
  });
});

test("what was dropped can be asked for when no line follows", () => {
  const limit = new LineLimit(1);
  written(limit, [0, 1, 2]);
  expect(limit.flush()).toBe(2);
  expect(limit.flush()).toBe(0);
  expect(limit.take(1000)).toEqual({ write: true, dropped: 0 });
});
