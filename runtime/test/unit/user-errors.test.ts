import { expect, test } from "vitest";
import { limitOf } from "../../src/javascript/user-errors.ts";

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
