import { describe, expect, test } from "vitest";
import { explainEnd, type ProcessEnd } from "../../src/workers/launch/explain-end.ts";
import { LIMITS } from "../../src/workers/protocol.ts";
import type { LaunchSpec } from "../../src/workers/transport.ts";

const NONE: LaunchSpec["limits"] = { memory: null, cpu: null, openFiles: null, processes: null, disk: null };
const SOME = { ...NONE, memory: 64 * 1024 ** 2, cpu: 2 };

function reasonOf(end: Partial<ProcessEnd>, limits = NONE): string {
  return explainEnd({ exitCode: null, signal: null, limit: null, ...end }, limits).reason;
}

describe("the reason that a process ended", () => {
  test.each([0, 1, 7, 127, 255])("the exit code %i", (exitCode) => {
    const expected = `ended with exit code ${exitCode}, as a call of exit in the function would make it`;
    expect(reasonOf({ exitCode })).toBe(expected);
  });

  test.each(["SIGSEGV", "SIGABRT", "SIGBUS", "SIGTRAP"])("%s: a fault in native code", (signal) => {
    expect(reasonOf({ signal })).toBe(`crashed with ${signal}, a fault in native code`);
  });

  test("SIGKILL: from outside", () => {
    expect(reasonOf({ signal: "SIGKILL" })).toBe(
      "was killed by SIGKILL, from outside or because the machine ran out of memory",
    );
  });

  test.each(["SIGTERM", "SIGFPE", "SIGUSR1", "SIGXCPU"])("%s is named", (signal) => {
    expect(reasonOf({ signal })).toBe(`was ended by ${signal}`);
  });

  test("the memory's limit, with its amount and what to do", () => {
    const end = { signal: "SIGKILL", limit: "memory" } as const;
    expect(reasonOf(end, SOME)).toBe(
      "used more memory than its limit of 64.0 MiB; raise limits.memory or keep less",
    );
    expect(reasonOf(end)).toBe("used more memory than its limit; raise limits.memory or keep less");
  });

  test.each([
    ["as the zygote says it", { signal: "SIGXCPU", limit: "cpu" }],
    ["by its signal", { signal: "SIGXCPU", limit: null }],
    ["without a signal", { limit: "cpu" }],
  ] as const)("the processor time's limit, with its amount and what to do: %s", (_, end) => {
    expect(reasonOf(end, SOME)).toBe(
      "used more processor time in one call than its limit of 2s; raise limits.cpu or do less",
    );
  });

  test("the processor time's limit, where its amount is not known", () => {
    expect(reasonOf({ limit: "cpu" })).toBe(
      "used more processor time in one call than its limit; raise limits.cpu or do less",
    );
  });

  test.each([
    { signal: "SIGSYS", limit: "syscall" },
    { signal: "SIGSYS", limit: null },
    { signal: null, limit: "syscall" },
  ] as const)("a system call that is not allowed: %o", (end) => {
    expect(reasonOf(end)).toBe("used a system call that its sandbox does not allow");
  });
});

test.each(LIMITS)("the limit %s is given on", (limit) => {
  expect(explainEnd({ exitCode: null, signal: "SIGKILL", limit }, SOME).limit).toBe(limit);
});

test("where there is no limit, none is given", () => {
  expect(explainEnd({ exitCode: 1, signal: null, limit: null }, SOME).limit).toBeUndefined();
});
