import type { Day } from "./calendar.ts";

/** Sums of what runs used, in whole numbers. */
export interface UsageSums {
  readonly runs: bigint;
  readonly billedMilliseconds: bigint;
  readonly mebibyteMilliseconds: bigint;
  readonly cpuMicroseconds: bigint;
}

/** What the runs of a function used on one day. */
export interface UsageRow extends UsageSums {
  readonly day: Day;
  readonly owner: string;
  readonly function: string;
  readonly class: string;
}

export const NO_USAGE: UsageSums = {
  runs: 0n,
  billedMilliseconds: 0n,
  mebibyteMilliseconds: 0n,
  cpuMicroseconds: 0n,
};

export function addUsage(one: UsageSums, other: UsageSums): UsageSums {
  return {
    runs: one.runs + other.runs,
    billedMilliseconds: one.billedMilliseconds + other.billedMilliseconds,
    mebibyteMilliseconds: one.mebibyteMilliseconds + other.mebibyteMilliseconds,
    cpuMicroseconds: one.cpuMicroseconds + other.cpuMicroseconds,
  };
}

/** The sum of each group, in the order in which groups came first. */
export function sumBy<Row extends UsageSums>(
  rows: Iterable<Row>,
  keyOf: (row: Row) => string,
): Map<string, UsageSums> {
  const sums = new Map<string, UsageSums>();
  for (const row of rows) {
    const key = keyOf(row);
    sums.set(key, addUsage(sums.get(key) ?? NO_USAGE, row));
  }
  return sums;
}
