import { OUTPUTS_KEY } from "@gaugelet/shared/keys";
import { startRedis, type TestRedis } from "@gaugelet/testing/redis-server";
import { waitFor } from "@gaugelet/testing/wait";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { storeOutput } from "./support/entries.ts";
import { answered, linesOf, newDrops, outputLines } from "./support/exposition.ts";
import { startTestExporter, type TestExporter, type TestExporterOptions } from "./support/test-exporter.ts";

let redis: TestRedis;
let exporter: TestExporter;
beforeAll(async () => {
  redis = await startRedis();
});
beforeEach(() => redis.client.flushall());
afterEach(() => exporter.stop());
afterAll(() => redis.stop());

async function start(options: Omit<TestExporterOptions, "redis"> = {}): Promise<void> {
  exporter = await startTestExporter({ redis, ...options });
}

/** Samples of outputs other than their time stamps. */
async function samples(): Promise<string[]> {
  return outputLines(await exporter.scrape()).filter((line) => !line.startsWith("gaugelet_output_timestamp"));
}

const up = (exposition: string): string[] => linesOf(exposition, "gaugelet_exporter_output_up");
const value = (labels: string, number: number): string => `gaugelet_output_value{${labels}} ${number}`;

test("an output older than its staleAfter is not exported", async () => {
  await start();
  const now = Date.now();
  await storeOutput(redis.client, "fresh", { x: 1 }, { storedAt: now, staleAfter: 3600 });
  await storeOutput(redis.client, "stale", { x: 2 }, { storedAt: now - 61_000, staleAfter: 60 });
  await storeOutput(redis.client, "timeless", { x: 3 }, { storedAt: 1000, staleAfter: null });
  const exposition = await exporter.scrape();
  expect(outputLines(exposition)).toEqual([
    `gaugelet_output_timestamp_seconds{function="fresh"} ${now / 1000}`,
    `gaugelet_output_timestamp_seconds{function="timeless"} 1`,
    value('function="fresh",field="x"', 1),
    value('function="timeless",field="x"', 3),
  ]);
  expect(up(exposition)).toEqual([
    'gaugelet_exporter_output_up{key="fresh",function="fresh"} 1',
    'gaugelet_exporter_output_up{key="stale",function="stale"} 0',
    'gaugelet_exporter_output_up{key="timeless",function="timeless"} 1',
  ]);
});

test("of an output at a key that its function has left nothing is said, until it goes back", async () => {
  await start({ keys: "out-*" });
  const { client } = redis;
  const at = async (key: string): Promise<void> => {
    await expect.poll(samples).toEqual([value('function="f",field="x"', key === "out-1" ? 1 : 2)]);
    expect(up(await exporter.scrape())).toEqual([`gaugelet_exporter_output_up{key="${key}",function="f"} 1`]);
  };
  await storeOutput(client, "out-1", { x: 1 }, { function: "f" });
  await at("out-1");
  const entry = { function: "f", version: "1", storedAt: Date.now(), staleAfter: null };
  await client.hset(OUTPUTS_KEY, "out-1", JSON.stringify({ ...entry, left: true }));
  await storeOutput(client, "out-2", { x: 2 }, { function: "f" });
  await at("out-2");
  await client.hset(OUTPUTS_KEY, "out-2", JSON.stringify({ ...entry, left: true }));
  await storeOutput(client, "out-1", { x: 1 }, { function: "f" });
  await at("out-1");
});

test("an output at a key that its function had before a restart gives way to the one at its key now", async () => {
  await start({ keys: "out-*" });
  const { client } = redis;
  const now = Date.now();
  await storeOutput(client, "out-1", { x: 1 }, { function: "f", storedAt: now - 90_000 });
  await storeOutput(client, "p-1", { x: 1 }, { function: "g", shard: "a", storedAt: now - 90_000 });
  await storeOutput(client, "p-2", { x: 2 }, { function: "g", shard: "b", storedAt: now });
  const shards = [value('function="g",shard="a",field="x"', 1), value('function="g",shard="b",field="x"', 2)];
  await expect.poll(samples).toEqual([value('function="f",field="x"', 1), ...shards]);
  await storeOutput(client, "out-2", { x: 2 }, { function: "f", storedAt: now });
  await expect.poll(samples).toEqual([value('function="f",field="x"', 2), ...shards]);
  // A runtime that has the key from before is there still, or again.
  await storeOutput(client, "out-1", { x: 3 }, { function: "f", storedAt: now + 90_000 });
  await expect.poll(samples).toEqual([value('function="f",field="x"', 3), ...shards]);
});

test("an output that is gone is not exported, and comes back with its key", async () => {
  await start();
  await storeOutput(redis.client, "f", { x: 1 });
  expect(await samples()).toEqual([value('function="f",field="x"', 1)]);
  await redis.client.del("f");
  const exposition = await exporter.scrape();
  expect(outputLines(exposition)).toEqual([]);
  expect(up(exposition)).toEqual(['gaugelet_exporter_output_up{key="f",function="f"} 0']);
  await redis.client.set("f", '{"x":2}');
  expect(await samples()).toEqual([value('function="f",field="x"', 2)]);
});

test("another program's output is stale once its bytes have not changed for its staleAfter", async () => {
  await start({ yaml: "outputs: [{ key: '*-watched', staleAfter: 300ms }, { key: endless }]" });
  const endless = value('function="endless",field="x"', 1);
  const watched = (number: number): string => value('function="a-watched",shard="a",field="x"', number);
  await redis.client.mset("a-watched", '{"x":1}', "endless", '{"x":1}');
  expect(await samples()).toEqual([watched(1), endless]);
  await waitFor("the output is stale", async () => (await samples()).length === 1);
  expect(await samples()).toEqual([endless]);
  await redis.client.set("a-watched", '{"x":2}');
  expect(await samples()).toEqual([watched(2), endless]);
});

test("keys and patterns find what other programs wrote, each key once", async () => {
  await start({ keys: "metrics, *-proj3-output, [ab]-*,literal\\*" });
  await redis.client.mset({
    metrics: '{"n_pids":5,"x":1}',
    "a-proj3-output": '{"x":2}',
    "b-other": '{"x":3}',
    "c-other": '{"x":4}',
    "literal*": '{"x":5}',
    "literal-not": '{"x":6}',
  });
  expect(await samples()).toEqual([
    'gaugelet_host_processes{host="default"} 5',
    value('function="a-proj3-output",shard="a",field="x"', 2),
    value('function="b-other",shard="b:other",field="x"', 3),
    value('function="literal*",field="x"', 5),
    value('function="metrics",host="default",field="x"', 1),
  ]);
});

test("a key that a runtime announces and a pattern matches is the runtime's", async () => {
  await start({ keys: "*-proj3-output" });
  await storeOutput(redis.client, "a-proj3-output", { x: 1 }, { function: "averages" });
  expect(await samples()).toEqual([value('function="averages",field="x"', 1)]);
});

test("a wide pattern leaves out Gaugelet's own bookkeeping, but not its outputs", async () => {
  await start({ keys: "*" });
  await redis.client.mset("gaugelet:env:{f}", '{"x":1}', "gaugelet:output:f", '{"x":2}');
  await redis.client.hset("gaugelet:position:{f}", "a", "1");
  const exposition = await exporter.scrape();
  expect(up(exposition)).toEqual(['gaugelet_exporter_output_up{key="gaugelet:output:f"} 1']);
});

test("the host comes from the configuration, the shard, or the key", async () => {
  await start({
    keys: "metrics:*",
    yaml: `outputs:
      - { key: "*-machine-*", host: "{shard}" }
      - { key: fixed, host: lab }
      - { key: "metrics:named", host: other }`,
  });
  await storeOutput(
    redis.client,
    "metrics:key1",
    { n_pids: 1 },
    { function: "host-metrics", shard: "shard1" },
  );
  await storeOutput(redis.client, "usage:key2", { x: 2 }, { function: "host-usage" });
  await redis.client.mset({
    "metrics:key3": '{"n_pids":3}',
    "a-machine-b": '{"n_pids":4}',
    fixed: '{"n_pids":5}',
    "metrics:named": '{"n_pids":6}',
  });
  expect(await samples()).toEqual([
    'gaugelet_host_processes{host="a:b"} 4',
    'gaugelet_host_processes{host="lab"} 5',
    'gaugelet_host_processes{host="shard1"} 1',
    'gaugelet_host_processes{host="key3"} 3',
    'gaugelet_host_processes{host="other"} 6',
    value('function="host-usage",host="key2",field="x"', 2),
  ]);
});

test("hosts that are written alike are one", async () => {
  await start();
  await storeOutput(redis.client, "metrics:a", { n_pids: 1 }, { function: "a", shard: "\ud800" });
  await storeOutput(redis.client, "metrics:b", { n_pids: 2 }, { function: "b", shard: "\ud801" });
  expect(await samples()).toEqual(['gaugelet_host_processes{host="\ufffd"} 1']);
});

test("of two outputs with one series, the first by key is exported and the other counted", async () => {
  await start();
  const now = Date.now();
  await storeOutput(redis.client, "b", { x: 2, y: 3 }, { function: "twin", storedAt: now });
  const before = await exporter.scrape();
  await storeOutput(redis.client, "a", { x: 1 }, { function: "twin", storedAt: now - 5000 });
  const after = await exporter.scrape();
  expect(linesOf(after, "gaugelet_output_value")).toEqual([
    value('function="twin",field="x"', 1),
    value('function="twin",field="y"', 3),
  ]);
  expect(linesOf(after, "gaugelet_output_timestamp_seconds")).toEqual([
    `gaugelet_output_timestamp_seconds{function="twin"} ${(now - 5000) / 1000}`,
  ]);
  expect(newDrops(before, after)).toEqual({ duplicate: 2 });
});

test("label values that join to the same text are different series", async () => {
  await start();
  await storeOutput(redis.client, "1", { "a|b": 1 }, { function: "x" });
  await storeOutput(redis.client, "2", { a: 2 }, { function: "b|x" });
  expect(await samples()).toEqual([
    value('function="x",field="a|b"', 1),
    value('function="b|x",field="a"', 2),
  ]);
});

test("configured rules come before the default ones", async () => {
  await start({
    yaml: `rules:
      - { field: 'secret-.*', action: drop }
      - { field: 'queue-(?<queue>\\w+)(?:-(?<kind>\\w+))?', metric: shop_queue_length, help: Orders waiting., labels: { kind: any } }
      - { field: sold, metric: shop_orders_total, type: counter, help: Orders sold. }
      - { field: share, metric: gaugelet_network_egress_ratio, scale: 0.01 }`,
  });
  await storeOutput(redis.client, "f", {
    "secret-x": 1,
    "queue-a": 2,
    "queue-b-slow": 3,
    sold: 4,
    share: 57,
    z: 6,
  });
  const exposition = await exporter.scrape();
  expect(exposition).toContain("# HELP shop_orders_total Orders sold.\n# TYPE shop_orders_total counter\n");
  expect(exposition.split("\n").filter((line) => line.includes('{function="f"'))).toEqual([
    'gaugelet_network_egress_ratio{function="f"} 0.57',
    expect.stringContaining("gaugelet_output_timestamp_seconds"),
    value('function="f",field="z"', 6),
    'shop_orders_total{function="f"} 4',
    'shop_queue_length{function="f",kind="any",queue="a"} 2',
    'shop_queue_length{function="f",kind="slow",queue="b"} 3',
  ]);
});

test("more keys than the limit: as many as it allows are exported", async () => {
  await start({ keys: "many-*" });
  const before = await exporter.scrape();
  await redis.client.mset(...Array.from({ length: 10_500 }, (_, index) => [`many-${index}`, "{}"]).flat());
  const after = await answered(() => exporter.scrape());
  expect(up(after)).toHaveLength(10_000);
  expect(newDrops(before, after)).toEqual({ too_many_outputs: 1 });
});

test("an entry that is described otherwise: its series follow, though its key does not change", async () => {
  await start();
  await storeOutput(redis.client, "k", { x: 1 }, { function: "one" });
  await storeOutput(redis.client, "other", { x: 2 }, { function: "other" });
  expect(await samples()).toEqual([
    value('function="one",field="x"', 1),
    value('function="other",field="x"', 2),
  ]);
  await redis.client.hset(OUTPUTS_KEY, "k", '{"function":"two","version":"1","storedAt":1}');
  expect(await samples()).toEqual([
    value('function="two",field="x"', 1),
    value('function="other",field="x"', 2),
  ]);
  await redis.client.hdel(OUTPUTS_KEY, "other");
  expect(await samples()).toEqual([value('function="two",field="x"', 1)]);
});

test("entries that are none are counted; outputs beside them are exported", async () => {
  await start();
  const before = await exporter.scrape();
  await storeOutput(redis.client, "good", { x: 1 });
  await redis.client.hset(OUTPUTS_KEY, "bad1", "not JSON", "bad2", '{"function":1}', "bad3", "null");
  await redis.client.hset(OUTPUTS_KEY, "n".repeat(600), '{"function":"f","version":"1","storedAt":1}');
  const after = await exporter.scrape();
  expect(linesOf(after, "gaugelet_output_value")).toEqual([value('function="good",field="x"', 1)]);
  expect(newDrops(before, after)).toEqual({ invalid_entry: 3, name_too_long: 1 });
});
