import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { ChangeRetry } from "../../src/workers/change-retry.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function newRetry(): { readonly retry: ChangeRetry; readonly due: number[] } {
  const due: number[] = [];
  const retry = new ChangeRetry(() => due.push(Date.now()));
  onTestFinished(() => retry.cancel());
  return { retry, due };
}

/** How long after a failure it is due, in milliseconds. */
function backOffOf({ retry, due }: ReturnType<typeof newRetry>): number {
  const failedAt = Date.now();
  retry.noteFailure();
  vi.runAllTimers();
  retry.begin();
  return (due.at(-1) ?? Number.NaN) - failedAt;
}

test("a change that was refused is due later with each time in a row, and at first again once one was taken", () => {
  const made = newRetry();
  const [first, second] = [backOffOf(made), backOffOf(made)];
  expect(second).toBeGreaterThan(first);
  made.retry.noteSuccess();
  expect(made.retry.hasFailed).toBe(false);
  expect(backOffOf(made)).toBe(first);
});

test("it stays due until it is begun", () => {
  const { retry } = newRetry();
  retry.noteFailure();
  expect(retry.isDue).toBe(false);
  vi.runAllTimers();
  expect(retry.isDue).toBe(true);
  retry.begin();
  expect(retry.isDue).toBe(false);
  expect(retry.hasFailed).toBe(true);
});

test("it is not due any more where another change came, before or after its time", () => {
  const { retry, due } = newRetry();
  retry.noteFailure();
  retry.cancel();
  vi.runAllTimers();
  expect(due).toEqual([]);
  retry.noteFailure();
  vi.runAllTimers();
  retry.cancel();
  expect(retry.isDue).toBe(false);
});
