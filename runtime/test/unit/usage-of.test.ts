import { expect, test } from "vitest";
import { usageOf } from "../../src/usage/usage-of.ts";

const MEBIBYTE = 1024 ** 2;

test.each([
  [0, 0],
  [0.000_000_1, 1],
  [0.001, 1],
  [0.001_000_1, 2],
  // A little more than 29 as a binary number.
  [0.029, 29],
  [1.5, 1500],
  [86_400, 86_400_000],
])("%d s in the handler are %d billed milliseconds", (seconds, billedMilliseconds) => {
  expect(usageOf({ seconds, cpuSeconds: 0, memoryBytes: 0 })).toEqual({
    billedMilliseconds,
    mebibyteMilliseconds: 0,
    cpuMicroseconds: 0,
  });
});

test("memory is rounded up to mebibytes, and processor time to microseconds", () => {
  const of = (memoryBytes: number, cpuSeconds: number) =>
    usageOf({ seconds: 0.0025, cpuSeconds, memoryBytes });
  expect(of(MEBIBYTE, 0.000_001)).toMatchObject({ mebibyteMilliseconds: 3, cpuMicroseconds: 1 });
  expect(of(MEBIBYTE + 1, 0.000_001_1)).toMatchObject({ mebibyteMilliseconds: 6, cpuMicroseconds: 2 });
});
