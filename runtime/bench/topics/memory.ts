import { type BenchRow, quantile, row } from "@gaugelet/testing/bench";
import type { Redis } from "ioredis";
import { residentBytes } from "../workers/process-tree.ts";
import { numbered, publishBacklog } from "./backlog.ts";
import type { BenchedEngine } from "./engine.ts";
import { drained } from "./stored.ts";
import { HANDLERS, TopicRuntime } from "./topic-runtime.ts";

const NAME = "backlog";
const LOOK_MILLISECONDS = 100;
const MEGABYTE = 1024 ** 2;

/**
 * Memory of the runtime while it works a backlog of small events off: the most of it, and whether it grows from the
 * second third to the last one.
 */
export async function benchMemory(
  engine: BenchedEngine,
  redis: Redis,
  python: string,
  folder: string,
  events: number,
): Promise<BenchRow[]> {
  const backlog = await publishBacklog(engine, NAME, numbered(1_000), events);
  const runtime = await TopicRuntime.start(engine, python, folder, [
    {
      name: NAME,
      source: HANDLERS,
      handler: "number.handler",
      triggers: [{ topic: NAME, start: "oldest" }],
    },
  ]);
  const samples: number[] = [];
  const timer = setInterval(() => samples.push(residentBytes(runtime.pid) / MEGABYTE), LOOK_MILLISECONDS);
  try {
    const { perSecond } = await drained(engine, redis, NAME, backlog, runtime.pid);
    const third = Math.floor(samples.length / 3);
    const growth = quantile(samples.slice(2 * third), 0.5) / quantile(samples.slice(third, 2 * third), 0.5);
    const what = `${engine.name}: backlog of ${events.toLocaleString("en")} small events`;
    return [
      row(`${what}: handled and stored`, perSecond, "1/s"),
      row(`${what}: most memory of the runtime`, Math.max(...samples), "MB", { atMost: 250 }),
      row(`${what}: memory, last third against the second`, growth, "×", { atMost: 1.1 }),
    ];
  } finally {
    clearInterval(timer);
    await runtime.stop();
    await engine.topics.delete(NAME);
  }
}
