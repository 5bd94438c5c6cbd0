import { setTimeout as sleep } from "node:timers/promises";
import { type BenchRow, quantile, row } from "@gaugelet/testing/bench";
import type { TestRedis } from "@gaugelet/testing/redis-server";
import { startOurs } from "./comparison.ts";
import type { Contender } from "./contender.ts";
import { FAMILIES, writeOutputs } from "./data.ts";

const OUTPUTS = 1_000;
const PER_SECOND = 1_000;
const STEP_MS = 10;
const SCRAPES = 60;
/** No multiple of how often changes are gathered: scrapes meet them at all stages. */
const BETWEEN_MS = 137;

/** A scrape while 1,000 outputs a second change, beside one while nothing does. */
export async function benchChurn(redis: TestRedis, folder: string): Promise<BenchRow[]> {
  await redis.client.flushall();
  await writeOutputs(
    redis.client,
    Array.from({ length: OUTPUTS }, (_, index) => index),
    1,
  );
  const ours = await startOurs(redis, folder);
  try {
    const name = `${(OUTPUTS * FAMILIES).toLocaleString("en")} gauges in ${OUTPUTS} outputs`;
    await scrapes(ours);
    const quiet = await scrapes(ours);
    const stop = new AbortController();
    const writing = write(redis, stop.signal);
    await scrapes(ours);
    const busy = await scrapes(ours);
    stop.abort();
    const written = await writing;
    return [
      row(`${name}: p50, quiet`, quiet, "ms"),
      row(`${name}: p50, ${written} outputs/s change`, busy, "ms"),
      row(`${name}: p50, changing / quiet`, busy / quiet, "", { atMost: 2 }),
    ];
  } finally {
    await ours.stop();
  }
}

async function scrapes(ours: Contender): Promise<number> {
  const times: number[] = [];
  for (let count = 0; count < SCRAPES; count++) {
    times.push((await ours.scrape()).ms);
    await sleep(BETWEEN_MS);
  }
  return quantile(times, 0.5);
}

/** Write outputs evenly. @returns how many a second it came to. */
async function write(redis: TestRedis, signal: AbortSignal): Promise<number> {
  const start = performance.now();
  let written = 0;
  while (!signal.aborted) {
    const due = Math.floor(((performance.now() - start) / 1000) * PER_SECOND) - written;
    const indexes = Array.from({ length: due }, (_, index) => (written + index) % OUTPUTS);
    if (due > 0) await writeOutputs(redis.client, indexes, 1);
    written += due;
    await sleep(STEP_MS);
  }
  return Math.round(written / ((performance.now() - start) / 1000));
}
