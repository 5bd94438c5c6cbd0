import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { within } from "../../src/within.ts";

const LONG_MILLISECONDS = 60_000;

test("what a promise gives in time is given, and what it throws", async () => {
  expect(await within(LONG_MILLISECONDS, Promise.resolve(1), "late")).toBe(1);
  const failing = within(LONG_MILLISECONDS, Promise.reject(new Error("broken")), "late");
  await expect(failing).rejects.toThrow("broken");
});

test("what takes longer is late, and may fail unheard", async () => {
  let fail = (_error: Error): void => {};
  const slow = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  expect(await within(1, slow, "late")).toBe("late");
  // An unhandled rejection would fail the run.
  fail(new Error("too late"));
  await sleep(10);
});

test("no timer is left behind", async () => {
  const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  const before = timers();
  for (let round = 0; round < 50; round += 1) await within(LONG_MILLISECONDS, Promise.resolve(), undefined);
  expect(timers() - before).toBeLessThan(50);
});
