import { afterEach, expect, test, vi } from "vitest";

const MINUTES = 60_000;
const TIMES = [
  "2026-11-30T03:01:30Z",
  "2026-11-30T03:05:30Z",
  "2026-12-04T18:58:00Z",
  "2026-12-05T23:59:59Z",
  "2028-02-29T00:00:00Z",
];

afterEach(() => {
  vi.useRealTimers();
});

test.each([
  ["* * * * *", 1],
  ["*/10 * * * * *", 1 / 6],
  ["0-5 * * * * *", 55 / 60],
  ["0,5 * * * *", 55],
  ["0 0-5 * * * *", 55],
  ["*/5 8-18 * * *", 13 * 60 + 5],
  ["0 */9 * * *", 9 * 60],
  ["0 8 * * 1-5", 3 * 24 * 60],
  ["0 0 1 * *", 31 * 24 * 60],
])("the longest gap of %s is that of %d minutes, whenever one looks", async (expression, minutes) => {
  for (const time of TIMES) {
    vi.useFakeTimers({ now: new Date(time), toFake: ["Date"] });
    // What was found before is known, too.
    vi.resetModules();
    const { longestGapOf } = await import("../../src/configuration/longest-gap.ts");
    expect([time, longestGapOf(expression, "UTC")]).toEqual([time, minutes * MINUTES]);
  }
});
