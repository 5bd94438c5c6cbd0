import { setTimeout as sleep } from "node:timers/promises";
import { positionKey } from "@gaugelet/shared/keys";
import type { Redis } from "ioredis";
import { cpuSeconds } from "../workers/process-tree.ts";
import type { Backlog } from "./backlog.ts";
import type { BenchedEngine } from "./engine.ts";

/** Each look takes a part of a processor from what is measured, which takes seconds. */
const LOOK_MILLISECONDS = 20;
/** Nothing was stored for so long: something is wrong. */
const PATIENCE_MILLISECONDS = 60_000;

/** How fast a backlog was worked off, and what it took. */
export interface Drained {
  readonly perSecond: number;
  /** Of the runtime and all that it started. */
  readonly cpuMicrosecondsPerEvent: number;
}

/**
 * Wait until the position of a backlog's last event is stored. Time counts from the first that is stored on, so that
 * what a beginning takes is no part of it.
 *
 * @param outputKey of the function that handles it.
 * @param pid of the runtime.
 * @param from the number of the event that counts as the first.
 */
export async function drained(
  engine: BenchedEngine,
  redis: Redis,
  outputKey: string,
  backlog: Backlog,
  pid: number,
  from = 1,
): Promise<Drained> {
  const first = await progressed(engine, redis, [outputKey], backlog, from);
  const cpuBefore = cpuSeconds(pid);
  const last = await progressed(engine, redis, [outputKey], backlog, backlog.events);
  const events = last.handled - first.handled;
  return {
    perSecond: events / ((last.at - first.at) / 1000),
    cpuMicrosecondsPerEvent: ((cpuSeconds(pid) - cpuBefore) / events) * 1e6,
  };
}

/**
 * Wait until so many events of a topic, of all its partitions together, are handled and stored.
 *
 * @param outputKeys of the function that handles it, one for each shard.
 * @returns how many it is then, and when that was.
 */
export async function progressed(
  { sourcesOf }: BenchedEngine,
  redis: Redis,
  outputKeys: readonly string[],
  { topic, numberOf }: Pick<Backlog, "topic" | "numberOf">,
  events: number,
): Promise<{ readonly handled: number; readonly at: number }> {
  let changedAt = performance.now();
  for (let before = 0; ; await sleep(LOOK_MILLISECONDS)) {
    const stored = await Promise.all(outputKeys.map((key) => redis.hgetall(positionKey(key))));
    const at = performance.now();
    const handled = stored
      .flatMap((each) => Object.entries(each))
      .reduce(
        (sum, [source, position]) => (source.startsWith(sourcesOf(topic)) ? sum + numberOf(position) : sum),
        0,
      );
    if (handled >= events) return { handled, at };
    if (handled !== before) changedAt = at;
    before = handled;
    if (at - changedAt > PATIENCE_MILLISECONDS) {
      throw new Error(`topic ${topic}: ${handled} of ${events} events were stored, and no more`);
    }
  }
}
