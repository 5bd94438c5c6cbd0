import { pino } from "pino";
import { beforeEach, expect, test } from "vitest";
import { LastingProblems } from "../../src/dispatcher/lasting-problems.ts";

const LARGE = "env is 18,000,070 bytes when saved, more than the limit of 16,777,216; keep less in it";
const LARGER = LARGE.replace("18,000,070", "121,000,076");
const LOCK = "context.env['lock'] cannot be saved: a value of type _thread.lock cannot be saved";

const told: string[] = [];
let problems: LastingProblems;

beforeEach(() => {
  told.length = 0;
  const log = pino(
    {},
    { write: (line: string) => told.push(JSON.parse(line).msg.split("; the function")[0]) },
  );
  problems = new LastingProblems(log);
});

test("an env that is too large is told once, however large it becomes", () => {
  problems.env(0, LARGE);
  problems.env(0, LARGER);
  expect(told).toEqual([LARGE]);
});

test("another problem is told, and one that comes back", () => {
  problems.env(0, LARGE);
  problems.env(0, LOCK);
  problems.env(0, null);
  problems.env(0, LOCK);
  expect(told).toEqual([LARGE, LOCK, LOCK]);
});

test("a problem of one shard is told once though others have none, and that of many once", () => {
  problems.env(1, LARGE);
  problems.env(2, null);
  problems.env(1, LARGER);
  problems.env(2, LARGE);
  problems.env(1, null);
  problems.env(2, LARGER);
  expect(told).toEqual([LARGE]);
});
