import { setTimeout as sleep } from "node:timers/promises";
import { type BenchRow, quantile, row } from "@gaugelet/testing/bench";
import { waitFor } from "@gaugelet/testing/wait";
import type { Redis } from "ioredis";
import { cpuSeconds } from "../workers/process-tree.ts";
import { numbered } from "./backlog.ts";
import type { BenchedEngine } from "./engine.ts";
import { HANDLERS, TopicRuntime } from "./topic-runtime.ts";

/** V8 compiles in full what was called several hundred times, and a runtime lives for days. */
const WARM_UP = 1_000;
const SAMPLES = 500;
const PAUSE_MILLISECONDS = 5;
/** A runtime that uses less than this of a processor, for this long, has nothing to do. */
const IDLE_CPU = 0.25;
const IDLE_MILLISECONDS = 1_000;
const PATIENCE_SECONDS = 60;
const NAME = "latency";

/** From publishing one event to hearing that its output is stored, where nothing else happens. */
export async function benchLatency(
  engine: BenchedEngine,
  redis: Redis,
  python: string,
  folder: string,
): Promise<BenchRow[]> {
  await engine.topics.create(NAME, {});
  const runtime = await TopicRuntime.start(engine, python, folder, [
    {
      name: NAME,
      source: HANDLERS,
      handler: "number.handler",
      state: "none",
      triggers: [{ topic: NAME, start: "oldest" }],
    },
  ]);
  await redis.config("SET", "notify-keyspace-events", "K$");
  const listener = redis.duplicate();
  let hear: () => void = () => {};
  listener.on("message", () => hear());
  await listener.subscribe(`__keyspace@0__:${NAME}`);
  const samples: number[] = [];
  try {
    await untilIdle(runtime.pid);
    for (const [index, body] of numbered(WARM_UP + SAMPLES).entries()) {
      const stored = new Promise<void>((resolve) => {
        hear = resolve;
      });
      const started = performance.now();
      // Not waited for: the output may be there before the answer is.
      const published = engine.topics.publish(NAME, [{ body, key: null, headers: {} }]);
      await stored;
      if (index >= WARM_UP) samples.push(performance.now() - started);
      await published;
      await sleep(PAUSE_MILLISECONDS);
    }
  } finally {
    listener.disconnect();
    await runtime.stop();
    await engine.topics.delete(NAME);
  }
  const what = `${engine.name}: publish to stored output, idle`;
  return [
    row(`${what}, p50`, quantile(samples, 0.5), "ms", { atMost: engine.latencyTarget }),
    row(`${what}, p99`, quantile(samples, 0.99), "ms"),
  ];
}

/** It serves before its embedded database is made, which takes seconds of both processors the first time. */
async function untilIdle(pid: number): Promise<void> {
  await waitFor(
    "the runtime to have nothing to do",
    async () => {
      const before = cpuSeconds(pid);
      await sleep(IDLE_MILLISECONDS);
      return cpuSeconds(pid) - before < (IDLE_CPU * IDLE_MILLISECONDS) / 1000;
    },
    PATIENCE_SECONDS,
  );
}
