import { describe, expect, test } from "vitest";
import { describeSize, fullSince, isToGrow, sizeFor } from "../../src/workers/launch/machine/sizes.ts";

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

  test("it is told in words", () => {
    expect(describeSize({ memoryBytes: 512 * MIB, processors: 1 })).toBe("512.0 MiB");
    expect(describeSize({ memoryBytes: 512 * MIB, processors: 2 })).toBe("512.0 MiB and 2 processors");
  });
});

describe("growth", () => {
  test("a machine is full since the first look above 80 %, and not after one below", () => {
    const since = fullSince(undefined, { at: 10, memoryRatio: 0.81, processorRatio: 0 });
    expect(since).toBe(10);
    expect(fullSince(since, { at: 20, memoryRatio: 0, processorRatio: 0.9 })).toBe(10);
    expect(fullSince(since, { at: 20, memoryRatio: 0.8, processorRatio: 0.8 })).toBeUndefined();
  });

  test("the next ones are larger once one was full for five minutes, up to the most", () => {
    expect(isToGrow(undefined, 1000, 0, 2)).toBe(false);
    expect(isToGrow(10, 309, 0, 2)).toBe(false);
    expect(isToGrow(10, 310, 0, 2)).toBe(true);
    expect(isToGrow(10, 310, 2, 2)).toBe(false);
    expect(isToGrow(10, 310, 0, 0)).toBe(false);
  });
});
