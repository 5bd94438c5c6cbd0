import { expect, test } from "vitest";
import { ScalingLog } from "../../src/workers/scaling-log.ts";

const change = (to: number) => ({ from: to - 1, to, reason: `reason ${to}` });

test("the newest decisions come first, of one function or of all", () => {
  const log = new ScalingLog();
  log.note("a", change(1));
  log.note("b", change(2));
  log.note("a", change(3));
  expect(log.recent(10).map(({ function: name, to }) => [name, to])).toEqual([
    ["a", 3],
    ["b", 2],
    ["a", 1],
  ]);
  expect(log.recent(10, "a").map(({ to }) => to)).toEqual([3, 1]);
  expect(log.recent(1)).toMatchObject([{ function: "a", reason: "reason 3", from: 2 }]);
});

test("a thousand are kept, and the oldest go first", () => {
  const log = new ScalingLog();
  for (let to = 1; to <= 2_500; to += 1) log.note("a", change(to));
  const kept = log.recent(5_000).map(({ to }) => to);
  expect(kept).toHaveLength(1_000);
  expect([kept[0], kept[999]]).toEqual([2_500, 1_501]);
});
