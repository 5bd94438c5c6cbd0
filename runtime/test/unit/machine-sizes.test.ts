import { describe, expect, test } from "vitest";
import {
  canDouble,
  describeSize,
  fullSince,
  isToGrow,
  sizeFor,
} from "../../src/workers/launch/machine/sizes.ts";

const MIB = 1024 ** 2;

describe("the size of a machine", () => {
  test.each([
    [32, 16, 0, 256],
    [128, 16, 0, 512],
    [256, 64, 0, 512],
    [256, 65, 0, 1024],
    [256, 64, 1, 1024],
    [1024, 64, 0, 2048],
  ])("memory %i MiB, disk %i MiB, code %i MiB: %i MiB", (memory, disk, code, expected) => {
    const size = sizeFor({ memory: memory * MIB, disk: disk * MIB }, code * MIB);
    expect(size).toEqual({ memoryBytes: expected * MIB, processors: 1 });
  });

  test("without limits there is the usual one", () => {
    expect(sizeFor({ memory: null, disk: null }, 0)).toEqual({ memoryBytes: 512 * MIB, processors: 1 });
  });

  test("doubled, it has twice the memory and the processors, of which there are at most eight", () => {
    const limits = { memory: 32 * MIB, disk: 16 * MIB };
    expect(sizeFor(limits, 0, 1)).toEqual({ memoryBytes: 512 * MIB, processors: 2 });
    expect(sizeFor(limits, 0, 2)).toEqual({ memoryBytes: 1024 * MIB, processors: 4 });
    expect(sizeFor(limits, 0, 5)?.processors).toBe(8);
  });

  test("there is none beyond 16 GiB", () => {
    expect(sizeFor({ memory: 15 * 1024 * MIB, disk: 0 }, 0)?.memoryBytes).toBe(16 * 1024 * MIB);
    expect(sizeFor({ memory: 16 * 1024 * MIB, disk: 0 }, 0)).toBeUndefined();
  });

  test("one is doubled up to 16 GiB", () => {
    expect(canDouble({ memoryBytes: 8 * 1024 * MIB, processors: 8 })).toBe(true);
    expect(canDouble({ memoryBytes: 16 * 1024 * MIB, processors: 8 })).toBe(false);
  });

  test("it is told in words", () => {
    expect(describeSize({ memoryBytes: 512 * MIB, processors: 1 })).toBe("512.0 MiB");
    expect(describeSize({ memoryBytes: 512 * MIB, processors: 2 })).toBe("512.0 MiB and 2 processors");
  });
});

describe("growth", () => {
  const policy = { utilization: 0.8, for: 300, mostDoublings: 2 };

  test("a machine is full since the first look above its utilization, and not after one below", () => {
    const since = fullSince(undefined, { at: 10, memoryRatio: 0.81, processorRatio: 0 }, policy);
    expect(since).toBe(10);
    expect(fullSince(since, { at: 20, memoryRatio: 0, processorRatio: 0.9 }, policy)).toBe(10);
    expect(fullSince(since, { at: 20, memoryRatio: 0.8, processorRatio: 0.8 }, policy)).toBeUndefined();
    expect(fullSince(since, { at: 20, memoryRatio: 0, processorRatio: 0.9 }, { utilization: 0.95 })).toBe(
      undefined,
    );
  });

  test("the next ones are larger once one was full for its time, up to the most", () => {
    expect(isToGrow(undefined, 1000, 0, 0, policy)).toBe(false);
    expect(isToGrow(10, 309, 0, 0, policy)).toBe(false);
    expect(isToGrow(10, 310, 0, 0, policy)).toBe(true);
    expect(isToGrow(10, 20, 0, 0, { ...policy, for: 10 })).toBe(true);
    expect(isToGrow(10, 310, 1, 1, policy)).toBe(true);
    expect(isToGrow(10, 310, 2, 2, policy)).toBe(false);
    expect(isToGrow(10, 310, 0, 0, { ...policy, mostDoublings: 0 })).toBe(false);
  });

  test("one that stays full asks for no more than the next size", () => {
    expect(isToGrow(10, 10_000, 0, 1, policy)).toBe(false);
  });
});
