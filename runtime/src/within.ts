import { setTimeout as sleep } from "node:timers/promises";

/**
 * What a promise gives, or something else where that takes longer. It goes on all the same.
 *
 * @param milliseconds how long is waited.
 * @throws what the promise throws in that time; what it throws later is heard by nobody.
 */
export async function within<Value, Late>(
  milliseconds: number,
  promise: Promise<Value>,
  late: Late,
): Promise<Value | Late> {
  const waiting = new AbortController();
  promise.catch(() => {});
  try {
    return await Promise.race([
      promise,
      sleep(milliseconds, late, { signal: waiting.signal }).catch(() => late),
    ]);
  } finally {
    waiting.abort();
  }
}
