import type { RetryPolicy } from "./feed.ts";

/**
 * How long to wait before an event is tried again: doubling from attempt to attempt, and anything from half of that on,
 * so that events that failed together do not come together again ("equal jitter", M. Brooker, 2015).
 *
 * @param attempts that failed so far, at least one.
 * @param random from 0 to 1.
 * @returns seconds.
 */
export function retrySeconds({ backoff }: RetryPolicy, attempts: number, random = Math.random()): number {
  const longest = Math.min(backoff.to, backoff.from * 2 ** (attempts - 1));
  return (longest / 2) * (1 + random);
}
