import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { KeptAnswers } from "../../src/functions/kept-answers.ts";
import type { CallAnswer } from "../../src/triggers/http/callable.ts";

const OK: CallAnswer = { outcome: "ok", output: Buffer.from("{}"), seconds: 0 };
const FAILED: CallAnswer = { outcome: "error", message: "why", details: "" };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Answers that are kept of calls that nobody else makes, and what is said of these. */
function kept() {
  const said: [shard: string, keys: readonly string[], what: string][] = [];
  const answers = new KeptAnswers(
    {
      take: async (_shard, _key, holder) => ({ answer: undefined, holder }),
      say: (shard, keys, holder, what) => said.push([shard, keys, what === holder ? "at it" : what]),
    },
    () => true,
  );
  return { answers, said };
}

test("it is said every second of all calls that are under way, and of each what it came to", async () => {
  const { answers, said } = kept();
  const hears: ((answer: CallAnswer) => void)[] = [];
  for (const [shard, key, isRun] of [
    ["", "a", true],
    ["", "b", true],
    ["s", "c", false],
  ] as const) {
    answers.once(
      shard,
      key,
      isRun,
      () => {},
      (hear) => void hears.push(hear),
    );
  }
  await vi.advanceTimersByTimeAsync(1_500);
  expect(said.splice(0)).toEqual([
    ["", ["a", "b"], "at it"],
    ["s", ["c"], "at it"],
  ]);
  hears[0]?.(OK);
  hears[1]?.(FAILED);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(said.splice(0)).toEqual([
    ["", ["a"], ""],
    ["", ["b"], "failed"],
    ["s", ["c"], "at it"],
  ]);
  // It may be made again under its name.
  hears[2]?.(FAILED);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(said).toEqual([["s", ["c"], ""]]);
  expect(vi.getTimerCount()).toBe(0);
});
