import { setTimeout as sleep } from "node:timers/promises";
import { type BenchRow, quantile, row } from "@gaugelet/testing/bench";
import type { TestRedis } from "@gaugelet/testing/redis-server";
import { measurements, startBenchedRuntime } from "./runtime-under-test.ts";

const WARM_UP = 50;
const SAMPLES = 1_000;
const POLLED_SAMPLES = 8;
const POLL_MILLISECONDS = 5_000;

/**
 * From the moment a program sends `SET metrics` to the moment another hears that the output was written,
 * with `host-usage` between. Beside it a loop that looks every 5 s, and the floor: hearing of a plain SET.
 */
export async function benchLatency(redis: TestRedis): Promise<BenchRow[]> {
  await redis.client.config("SET", "notify-keyspace-events", "K$");
  const listener = redis.client.duplicate();
  const written = new Map<string, () => void>();
  listener.on("pmessage", (_pattern, channel: string) =>
    written.get(channel.slice("__keyspace@0__:".length))?.(),
  );
  await listener.psubscribe("__keyspace@0__:*");

  /** Milliseconds from sending a SET to hearing that `outputKey` was written. */
  const timed = async (inputKey: string, value: string, outputKey: string): Promise<number> => {
    const done = new Promise<void>((resolve) => written.set(outputKey, resolve));
    const started = performance.now();
    void redis.client.set(inputKey, value);
    await done;
    return performance.now() - started;
  };

  const polled = pollEveryFiveSeconds(redis, timed);
  const runtime = await startBenchedRuntime(redis.port);
  const pushed: number[] = [];
  const floor: number[] = [];
  for (const [index, { json }] of (await measurements(WARM_UP + SAMPLES)).entries()) {
    const milliseconds = await timed("metrics", json, "usage");
    const plain = await timed("plain", json, "plain");
    if (index < WARM_UP) continue;
    pushed.push(milliseconds);
    floor.push(plain);
    await sleep(2);
  }
  await runtime.stop();
  const peer = await polled;
  listener.disconnect();
  return [
    row("SET metrics to output stored, p50", quantile(pushed, 0.5), "ms", { atMost: 3 }),
    row("SET metrics to output stored, p99", quantile(pushed, 0.99), "ms", { atMost: 20 }),
    row("floor: hearing of a plain SET, p50", quantile(floor, 0.5), "ms"),
    row("a loop that polls every 5 s, p50", quantile(peer, 0.5), "ms"),
    row("ratio to the floor, p50", quantile(pushed, 0.5) / quantile(floor, 0.5), "×"),
    row("ratio to the polling loop, p50", quantile(pushed, 0.5) / quantile(peer, 0.5), "×"),
  ];
}

/** What the peer does: look, work, sleep 5 s. Its handler is free here, which only flatters it. */
async function pollEveryFiveSeconds(
  redis: TestRedis,
  timed: (inputKey: string, value: string, outputKey: string) => Promise<number>,
): Promise<number[]> {
  const client = redis.client.duplicate();
  let last: string | null = null;
  const look = async (): Promise<void> => {
    const value = await client.get("polled-input");
    if (value !== last && value !== null) await client.set("polled-output", value);
    last = value;
  };
  const timer = setInterval(() => void look(), POLL_MILLISECONDS);
  const samples: number[] = [];
  for (let sample = 0; sample < POLLED_SAMPLES; sample += 1) {
    // Writes fall at any time between two looks.
    await sleep(((sample + 0.5) / POLLED_SAMPLES) * POLL_MILLISECONDS);
    samples.push(await timed("polled-input", String(sample), "polled-output"));
  }
  clearInterval(timer);
  client.disconnect();
  return samples;
}
