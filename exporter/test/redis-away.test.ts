import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { freePort } from "@gaugelet/testing/ports";
import { startRedis, type TestRedis } from "@gaugelet/testing/redis-server";
import { waitFor } from "@gaugelet/testing/wait";
import { afterEach, expect, test } from "vitest";
import { storeOutput } from "./support/entries.ts";
import { linesOf, outputLines } from "./support/exposition.ts";
import { startTestExporter, type TestExporter } from "./support/test-exporter.ts";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function redisServer(...options: string[]): Promise<TestRedis> {
  const redis = await startRedis(options);
  cleanups.push(() => redis.stop());
  return redis;
}

async function exporterOf(redis: { port: number; password?: string }): Promise<TestExporter> {
  const exporter = await startTestExporter({ redis });
  cleanups.push(() => exporter.stop());
  return exporter;
}

async function expectAway(exporter: TestExporter, reason: string): Promise<void> {
  const exposition = await exporter.scrape();
  expect(linesOf(exposition, "gaugelet_exporter_redis_up")).toEqual(["gaugelet_exporter_redis_up 0"]);
  expect(outputLines(exposition)).toEqual([]);
  expect(linesOf(exposition, "gaugelet_exporter_output_up")).toEqual([]);
  const ready = await exporter.get("/readyz");
  expect(ready.status).toBe(503);
  expect(ready.text).toContain(reason);
  expect(await exporter.get("/healthz")).toMatchObject({ status: 200, text: "ok\n" });
  expect((await exporter.get("/")).text).toContain("does not answer");
}

async function expectUp(exporter: TestExporter, field: string): Promise<void> {
  await waitFor("Redis is up again", async () => (await exporter.get("/readyz")).status === 200);
  const exposition = await exporter.scrape();
  expect(linesOf(exposition, "gaugelet_exporter_redis_up")).toEqual(["gaugelet_exporter_redis_up 1"]);
  expect(linesOf(exposition, "gaugelet_output_value")).toEqual([
    `gaugelet_output_value{function="f",field="${field}"} 1`,
  ]);
}

/** Messages about the state of Redis. */
const states = (exporter: TestExporter): string[] =>
  exporter.log.map(({ msg }) => msg).filter((message) => message.startsWith("Redis"));
const AWAY = "Redis is away; no outputs are exported until it answers";

test("Redis goes away and comes back", async () => {
  const redis = await redisServer();
  const exporter = await exporterOf(redis);
  await storeOutput(redis.client, "f", { x: 1 });
  await expectUp(exporter, "x");
  await redis.crash();
  await waitFor("the exporter sees it", async () =>
    (await exporter.get("/readyz")).text.includes("ECONNREFUSED"),
  );
  await expectAway(exporter, "nothing listens there");
  await redis.restart();
  await expectUp(exporter, "x");
  expect(states(exporter)).toEqual(["Redis answers", AWAY, "Redis answers"]);
  // Nothing is said of what goes well, but once it had not.
  const told = () =>
    exporter.log
      .filter(({ level, msg }) => level >= 30 && msg.includes("told of changes"))
      .map(({ msg }) => msg);
  await waitFor("changes to be told again", () => told().length >= 2);
  expect(told()).toEqual([
    "not told of changes: each scrape reads all outputs",
    "told of changes as they happen",
  ]);
});

test("Redis is not there when the exporter starts", async () => {
  const port = await freePort();
  const exporter = await exporterOf({ port });
  await expectAway(exporter, "ECONNREFUSED");
  await expectAway(exporter, "ECONNREFUSED");
  expect(states(exporter)).toEqual([AWAY]);
});

test("a frozen Redis: scrapes are answered without outputs, and it recovers by itself", async () => {
  const redis = await redisServer();
  const exporter = await exporterOf(redis);
  await storeOutput(redis.client, "f", { x: 1 });
  await expectUp(exporter, "x");
  redis.freeze();
  try {
    const several = await Promise.all([exporter.scrape(), exporter.scrape(), exporter.scrape()]);
    for (const exposition of several) expect(exposition).toContain("gaugelet_exporter_redis_up 0\n");
    await expectAway(exporter, "does not answer");
  } finally {
    redis.thaw();
  }
  await expectUp(exporter, "x");
});

test("a Redis that is frozen when the exporter starts", async () => {
  const redis = await redisServer();
  await storeOutput(redis.client, "f", { x: 1 });
  redis.freeze();
  const exporter = await exporterOf(redis).catch((error: unknown) => {
    redis.thaw();
    throw error;
  });
  try {
    await expectAway(exporter, "does not answer");
  } finally {
    redis.thaw();
  }
  await expectUp(exporter, "x");
});

test("a connection on which nothing answers any more is replaced by a new one", async () => {
  const redis = await redisServer();
  await storeOutput(redis.client, "f", { x: 1 });
  // A proxy that can go silent on the connections it has, as a router does that forgets them.
  const relayed = new Set<Socket>();
  const proxy = createServer((client) => {
    const upstream = connect(redis.port, "127.0.0.1");
    for (const socket of [client, upstream]) relayed.add(socket.on("error", () => {}));
    client.pipe(upstream).pipe(client);
  }).listen(0, "127.0.0.1");
  await once(proxy, "listening");
  cleanups.push(async () => {
    for (const socket of relayed) socket.destroy();
    proxy.close();
  });
  const exporter = await exporterOf({ port: (proxy.address() as AddressInfo).port });
  await expectUp(exporter, "x");
  for (const socket of relayed) socket.unpipe().pause();
  expect(await exporter.scrape()).toContain("gaugelet_exporter_redis_up 0\n");
  await expectUp(exporter, "x");
});

test.each(["ends", "stalls"])("half a reply, after which the connection %s", async (what) => {
  const redis = await redisServer();
  await storeOutput(redis.client, "f", { x: 1, text: "y".repeat(100_000) });
  let isCutting = false;
  // A proxy that lets the beginning of a long reply through.
  const proxy = createServer((client) => {
    const upstream = connect(redis.port, "127.0.0.1").on("error", () => {});
    client.on("error", () => {}).pipe(upstream);
    upstream.on("data", (chunk: Buffer) => {
      const isCut = isCutting && chunk.length > 10_000;
      client.write(isCut ? chunk.subarray(0, 5_000) : chunk);
      if (!isCut) return;
      if (what === "ends") client.destroy();
      upstream.removeAllListeners("data").destroy();
    });
    upstream.on("close", () => what === "ends" && client.destroy());
    client.on("close", () => upstream.destroy());
  }).listen(0, "127.0.0.1");
  await once(proxy, "listening");
  cleanups.push(async () => void proxy.close());
  const exporter = await exporterOf({ port: (proxy.address() as AddressInfo).port });
  await expectUp(exporter, "x");
  isCutting = true;
  await storeOutput(redis.client, "f", { x: 2, text: "z".repeat(100_000) });
  const exposition = await exporter.scrape();
  expect(linesOf(exposition, "gaugelet_exporter_redis_up")).toEqual(["gaugelet_exporter_redis_up 0"]);
  expect(outputLines(exposition)).toEqual([]);
  isCutting = false;
  await storeOutput(redis.client, "f", { x: 1, text: "z".repeat(100_000) });
  await waitFor("it is exported again", async () =>
    (await exporter.scrape()).includes('gaugelet_output_value{function="f",field="x"} 1\n'),
  );
});

test("a Redis that tells of no changes: each scrape looks at it anew", async () => {
  const redis = await redisServer();
  await redis.client.acl("SETUSER", "plain", "on", ">sesame", "~*", "+@all", "-client|tracking");
  const exporter = await startTestExporter({
    redis: { port: redis.port, username: "plain", password: "sesame" },
  });
  cleanups.push(() => exporter.stop());
  for (const x of [1, 2, 3]) {
    await storeOutput(redis.client, "f", { x });
    expect(linesOf(await exporter.scrape(), "gaugelet_output_value")).toEqual([
      `gaugelet_output_value{function="f",field="x"} ${x}`,
    ]);
  }
  await waitFor("the log says so", () =>
    exporter.log.some(({ msg }) => msg === "not told of changes: each scrape reads all outputs"),
  );
});

test("a Redis with a password", async () => {
  const redis = await redisServer("--requirepass", "open-sesame");
  await storeOutput(redis.client, "f", { x: 1 });
  const right = await exporterOf({ port: redis.port, password: "open-sesame" });
  await expectUp(right, "x");
  const without = await exporterOf({ port: redis.port });
  await expectAway(without, "set REDIS_PASSWORD");
  const wrong = await exporterOf({ port: redis.port, password: "open-barley" });
  await expectAway(wrong, "Redis refuses this user or password");
  await redis.client.config("SET", "requirepass", "");
  await expectUp(without, "x");
  const logs = JSON.stringify([right.log, without.log, wrong.log]);
  expect(logs).toContain("WRONGPASS");
  expect(logs).not.toMatch(/open-sesame|open-barley/);
});
