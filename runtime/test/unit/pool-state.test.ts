import { expect, test } from "vitest";
import { PackageError } from "../../src/packages/package.ts";
import { IsolationError, LoadFailedError, WorkerDiedError } from "../../src/workers/errors.ts";
import { failingState, isSameFailure, readyState } from "../../src/workers/pool-state.ts";

const OVER_MEMORY = { reason: "used more memory than its limit", limit: "memory" } as const;
const KILLED = { reason: "was ended by SIGTERM", limit: undefined };

test.each([
  [new LoadFailedError("no module m", "Traceback"), "no module m", "Traceback", true],
  [new PackageError("there is no folder /f"), "there is no folder /f", "", false],
  [new IsolationError("there is no sandbox"), "there is no sandbox", "", false],
  [new WorkerDiedError(OVER_MEMORY), "the function's process used more memory than its limit", "", true],
  [new WorkerDiedError(KILLED), "the function's process was ended by SIGTERM", "", false],
])("%s is told in words, and whether the code is to blame", (error, reason, details, isOfCode) => {
  expect(failingState(error)).toEqual({ kind: "failing", reason, details, isOfCode });
});

test("a failure is the same where its reason is", () => {
  const failing = failingState(new PackageError("a"));
  expect(isSameFailure(failing, failingState(new PackageError("a")))).toBe(true);
  expect(isSameFailure(failing, failingState(new PackageError("b")))).toBe(false);
  expect(isSameFailure({ kind: "starting" }, failing)).toBe(false);
});

test("a change that was refused stays so while its version serves", () => {
  const refused = { reason: "cannot be loaded", details: "" };
  const before = { kind: "ready", version: "1", pid: 1, refused } as const;
  expect(readyState(before, "1", 2)).toEqual({ kind: "ready", version: "1", pid: 2, refused });
  expect(readyState(before, "2", 2)).toMatchObject({ version: "2", refused: undefined });
  expect(readyState({ kind: "restarting" }, "1", 2)).toMatchObject({ version: "1", refused: undefined });
});
