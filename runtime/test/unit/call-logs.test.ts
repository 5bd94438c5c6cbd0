import { expect, test } from "vitest";
import { CallLogs } from "../../src/workers/call-logs.ts";

const line = (text: string) => ({ stream: "stdout", text }) as const;

test("lines are those of the call that they come before the answer of, or after it while nothing else runs", () => {
  const logs = new CallLogs();
  logs.add(line("before the first call"), false);
  logs.add({ stream: "logging", level: "INFO", logger: "root", text: "one" }, true);
  const first = logs.take();
  logs.add(line("late"), false);
  logs.add(line("two"), true);
  expect(logs.take()).toEqual(["two"]);
  expect(first).toEqual(["before the first call", "INFO root: one", "late"]);
  expect(logs.take()).toEqual([]);
});

test("there are no more than 100 lines, and 16 KiB of them", () => {
  const logs = new CallLogs();
  for (let n = 0; n < 150; n += 1) logs.add(line(String(n)), true);
  const many = logs.take();
  expect(many).toHaveLength(100);
  for (let n = 0; n < 10; n += 1) logs.add(line("late"), false);
  expect(many).toHaveLength(100);
  for (let n = 0; n < 5; n += 1) logs.add(line("x".repeat(5_000)), true);
  expect(logs.take().join("")).toHaveLength(16 * 1024);
});
