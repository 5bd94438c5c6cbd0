import { startRedis, type TestRedis } from "@gaugelet/testing/redis-server";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { storeOutput } from "./support/entries.ts";
import { outputFamilies, promtoolComplaints } from "./support/exposition.ts";
import { MEASUREMENT } from "./support/measurement.ts";
import { startTestExporter, type TestExporter } from "./support/test-exporter.ts";

let redis: TestRedis;
let exporter: TestExporter;
beforeAll(async () => {
  redis = await startRedis();
  exporter = await startTestExporter({ redis, keys: "*-proj3-output" });
});
beforeEach(() => redis.client.flushall());
afterAll(async () => {
  await exporter.stop();
  await redis.stop();
});

const storedAt = 1_795_240_489_519;

test("a host measurement", async () => {
  await storeOutput(redis.client, "metrics", MEASUREMENT, { function: "host-metrics", storedAt });
  const exposition = await exporter.scrape();
  await expect(outputFamilies(exposition)).toMatchFileSnapshot("golden/measurement.prom");
  expect(promtoolComplaints(exposition)).toBe("");
});

test("outputs of functions, with hosts and shards, and of another program", async () => {
  await storeOutput(
    redis.client,
    "usage:h1",
    {
      timestamp: "2026-11-21 05:54:49.519937",
      "avg-util-cpu0-60sec": 57,
      "avg-util-cpu0-60min": 12.5,
      "percent-network-egress": 29,
      "percent-memory-cache": 52.5,
    },
    { function: "host-usage", shard: "h1", storedAt },
  );
  await storeOutput(
    redis.client,
    "orders:eu",
    { count: 3, byState: { open: 1, done: [2, true] }, 'quote " backslash \\ newline \n tab \t é 🚀': 1 },
    { function: "orders", shard: "eu", storedAt },
  );
  await redis.client.set(
    "alice-proj3-output",
    JSON.stringify({ "moving_average_cpu_percent-0": 7, x: 1e21 }),
  );
  const exposition = await exporter.scrape();
  await expect(outputFamilies(exposition)).toMatchFileSnapshot("golden/functions.prom");
  expect(promtoolComplaints(exposition)).toBe("");
});
