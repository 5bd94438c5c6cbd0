import { setTimeout as sleep } from "node:timers/promises";
import { positionKey } from "@gaugelet/shared/keys";
import type { Redis } from "ioredis";
import { cpuSeconds } from "../workers/process-tree.ts";

const LOOK_MILLISECONDS = 5;
/** Nothing was stored for so long: something is wrong. */
const PATIENCE_MILLISECONDS = 30_000;

/** How fast a backlog was worked off, and what it took. */
export interface Drained {
  readonly perSecond: number;
  /** Of the runtime and all that it started. */
  readonly cpuMicrosecondsPerEvent: number;
}

/**
 * Follow the position that is stored of a topic's one partition until it reaches the last event. Time counts from
 * the first position on, so that what a beginning takes is no part of it.
 *
 * @param outputKey of the function, which has read nothing of the topic yet.
 * @param source the field of the topic's position.
 * @param positions of all events, in order.
 * @param pid of the runtime.
 */
export async function drained(
  redis: Redis,
  outputKey: string,
  source: string,
  positions: readonly string[],
  pid: number,
): Promise<Drained> {
  const last = positions.at(-1);
  let first: { readonly index: number; readonly at: number; readonly cpu: number } | undefined;
  let changedAt = performance.now();
  for (let before: string | null = null; ; ) {
    const position = await redis.hget(positionKey(outputKey), source);
    const now = performance.now();
    if (position !== before) {
      before = position;
      changedAt = now;
    }
    if (now - changedAt > PATIENCE_MILLISECONDS) throw new Error(`nothing was stored after ${position}`);
    if (position !== null) {
      first ??= { index: positions.indexOf(position), at: now, cpu: cpuSeconds(pid) };
      if (position === last) {
        const events = positions.length - 1 - first.index;
        return {
          perSecond: events / ((now - first.at) / 1000),
          cpuMicrosecondsPerEvent: ((cpuSeconds(pid) - first.cpu) / events) * 1e6,
        };
      }
    }
    await sleep(LOOK_MILLISECONDS);
  }
}
