import { expect, test } from "vitest";
import { type FinishedRun, RunBatch } from "../../src/runs/run-batch.ts";
import { RunIds } from "../../src/runs/run-ids.ts";
import type { RunRecord } from "../../src/runs/run-record.ts";
import { readUsage, usageText } from "../../src/runs/usage-entry.ts";

const MINE = { owner: "me", function: "f", class: "standard" };
const OTHERS = { owner: "you", function: "g", class: "premium" };

function run(changes: Partial<FinishedRun>): FinishedRun {
  const used = { billedMilliseconds: 1, mebibyteMilliseconds: 20, cpuMicroseconds: 300 };
  return { of: MINE, day: 20_000, record: undefined, ...used, ...changes };
}

test("what runs used is summed up by day and owner, and travels as JSON", () => {
  const batch = new RunBatch();
  batch.add(run({}));
  batch.add(run({ billedMilliseconds: 5 }));
  const newer = new RunBatch();
  newer.add(run({ day: 20_001 }));
  newer.add(run({}));
  newer.add(run({ of: OTHERS }));
  batch.join(newer);
  expect(readUsage(usageText(batch))).toEqual([
    {
      day: "2024-10-04",
      ...MINE,
      runs: 3,
      billedMilliseconds: 7,
      mebibyteMilliseconds: 60,
      cpuMicroseconds: 900,
    },
    {
      day: "2024-10-05",
      ...MINE,
      runs: 1,
      billedMilliseconds: 1,
      mebibyteMilliseconds: 20,
      cpuMicroseconds: 300,
    },
    {
      day: "2024-10-04",
      ...OTHERS,
      runs: 1,
      billedMilliseconds: 1,
      mebibyteMilliseconds: 20,
      cpuMicroseconds: 300,
    },
  ]);
});

test("records that would take too much room are left out, and counted", () => {
  const batch = new RunBatch();
  const record = { input: Buffer.alloc(6 * 1024 ** 2), output: null, logs: [] } as unknown as RunRecord;
  for (let n = 0; n < 5; n += 1) batch.add(run({ record }));
  expect(batch.records).toHaveLength(2);
  expect(batch.usage).toMatchObject([{ runs: 5 }]);
});

test("what they say of an error, and their lines, take room as well", () => {
  const batch = new RunBatch();
  const mebibyte = "x".repeat(1024 ** 2);
  const error = { input: null, output: null, error: "no", traceback: mebibyte, logs: [mebibyte, mebibyte] };
  for (let n = 0; n < 10; n += 1) batch.add(run({ record: error as unknown as RunRecord }));
  expect(batch.records).toHaveLength(5);
});

test.each(["", "{}", "[{}]", '[{"day":"yesterday"}]', "[1", "null"])("%j is no usage", (text) => {
  expect(readUsage(text)).toBeUndefined();
});

test("ids of runs sort by time, and then by their making", () => {
  const [ids, others] = [new RunIds(), new RunIds()];
  const times = [1, 1, 2, 1_023, 1_024, 1_795_651_200_000, 1_795_651_200_001];
  const made = [...times, ...Array(3_000).fill(1_795_651_200_001)].map((time) => ids.next(time));
  expect(made.toSorted()).toEqual(made);
  expect(new Set(made.map(({ length }) => length))).toEqual(new Set([24]));
  expect(made.slice(0, times.length).map((id) => Number.parseInt(id.slice(0, 9), 32))).toEqual(times);
  expect(made.map((id) => Number.parseInt(id.slice(17), 32))).toEqual(made.map((_, index) => index + 1));
  // An event of before may come to its end after one of now.
  expect(ids.next(2).slice(0, 9)).toBe("000000002");
  expect(others.prefix).not.toBe(ids.prefix);
});
