import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { describe, limitOf, stackOf } from "../../src/javascript/user-errors.ts";

test.each([
  ["EAGAIN", "processes"],
  ["Worker initialization failure: EAGAIN", "processes"],
  ["Worker initialization failure: EMFILE", "openFiles"],
  ["Worker initialization failure: ENOMEM", "memory"],
  ["Worker initialization failure: EINVAL", undefined],
  ["of some other kind", undefined],
])("a thread that cannot be started says so: %s", (message, limit) => {
  const error = Object.assign(new Error(message), { code: "ERR_WORKER_INIT_FAILED" });
  expect(limitOf(error)).toBe(limit);
  expect(limitOf(new Error("no more threads", { cause: error }))).toBe(limit);
});

test("EAGAIN of something else than a process or a thread is no limit", () => {
  expect(
    limitOf(Object.assign(new Error("read EAGAIN"), { code: "EAGAIN", syscall: "read" })),
  ).toBeUndefined();
});

test("a stack is told with its causes, and with the errors that one stands for", () => {
  const tried = new AggregateError([new Error("one"), "no error", new TypeError("two")], "both");
  const error = new Error("fetch failed", { cause: tried });
  const headers = stackOf(error)
    .split("\n")
    .filter((line) => !line.startsWith("    at "));
  expect(headers).toEqual([
    "Error: fetch failed",
    "Caused by: AggregateError: both",
    "One of its errors: Error: one",
    "One of its errors: TypeError: two",
  ]);
});

test("errors without an end are told up to a limit", () => {
  const error = new AggregateError([], "again");
  error.errors.push(error, ...Array.from({ length: 1000 }, () => error));
  expect(stackOf(error).match(/again/g)).toHaveLength(5);
});

test("an error of another realm is told as one", () => {
  const error: unknown = runInNewContext("new RangeError('elsewhere')", {}, { filename: "elsewhere.js" });
  expect(describe(error)).toBe("RangeError: elsewhere");
  expect(stackOf(error)).toMatch(/^RangeError: elsewhere\n {4}at elsewhere\.js:1:1/);
});
