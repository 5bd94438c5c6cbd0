import { setTimeout as sleep } from "node:timers/promises";

/**
 * Wait until a check gives something other than undefined, null or false, and return that.
 *
 * @param what named in the error when it does not happen.
 * @param seconds generous: it only matters when the test fails.
 */
export async function waitFor<Value>(
  what: string,
  check: () => Promise<Value> | Value,
  seconds = 60,
): Promise<Exclude<Value, undefined | null | false>> {
  const end = performance.now() + seconds * 1000;
  let last: unknown;
  while (performance.now() < end) {
    try {
      const value = await check();
      if (value !== undefined && value !== null && value !== false) {
        return value as Exclude<Value, undefined | null | false>;
      }
      last = value;
    } catch (error) {
      last = error;
    }
    await sleep(15);
  }
  throw new Error(`did not happen within ${seconds} s: ${what} (last: ${String(last)})`);
}
