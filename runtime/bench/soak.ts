import { readFile } from "node:fs/promises";
import { type BenchRow, quantile, row } from "@gaugelet/testing/bench";
import type { TestRedis } from "@gaugelet/testing/redis-server";
import { measurements, startBenchedRuntime } from "./runtime-under-test.ts";

const PER_HOUR = 720;
const HOURS = 24;
const READ_MEMORY_EVERY = 20;

/**
 * 24 hours of measurements (17,280), each given as soon as the one before is stored: the memory of the
 * worker and of the runtime in the last hour against that at the end of the first.
 */
export async function benchSoak(redis: TestRedis): Promise<BenchRow[]> {
  await redis.client.del("metrics", "usage");
  const runtime = await startBenchedRuntime(redis.port);
  const memory = { runtime: [] as number[][], worker: [] as number[][] };
  const listener = redis.client.duplicate();
  let stored: () => void = () => {};
  await redis.client.config("SET", "notify-keyspace-events", "K$");
  listener.on("message", () => stored());
  await listener.subscribe("__keyspace@0__:usage");
  const started = performance.now();
  for (const [index, { json }] of (await measurements(PER_HOUR * HOURS)).entries()) {
    const done = new Promise<void>((resolve) => {
      stored = resolve;
    });
    void redis.client.set("metrics", json);
    await done;
    if (index % READ_MEMORY_EVERY !== 0) continue;
    const hour = Math.floor(index / PER_HOUR);
    for (const [kind, pid] of [
      ["runtime", runtime.pid],
      ["worker", runtime.workerPid()],
    ] as const) {
      memory[kind][hour] ??= [];
      memory[kind][hour].push(await residentMegabytes(pid));
    }
    if (index % PER_HOUR === 0) process.stderr.write(`\rreplaying hour ${hour + 1} of ${HOURS} `);
  }
  process.stderr.write("\n");
  const seconds = (performance.now() - started) / 1000;
  await runtime.stop();
  listener.disconnect();
  const rows = (["worker", "runtime"] as const).flatMap((kind) => {
    const first = quantile(memory[kind][0] ?? [], 0.5);
    const last = quantile(memory[kind][HOURS - 1] ?? [], 0.5);
    return [
      row(`${kind}: memory in the first hour, median`, first, "MB"),
      row(`${kind}: memory in the 24th hour, median`, last, "MB"),
      row(`${kind}: 24th hour against the first`, last / first, "×", { atMost: 1.1 }),
    ];
  });
  return [...rows, row("measurements replayed per second", (PER_HOUR * HOURS) / seconds, "1/s")];
}

async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}
