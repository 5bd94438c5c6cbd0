import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { startKafka } from "@gaugelet/testing/kafka-server";
import { waitFor } from "@gaugelet/testing/wait";
import { Redis } from "ioredis";
import { expect, test } from "vitest";
import type { CountedBySource } from "./handlers.ts";
import { countedOnceBySource, counting, SOURCES, tallyBySource } from "./kafka-place.ts";
import { CutNetwork } from "./network.ts";
import { report } from "./numbered.ts";
import { Stage } from "./stage.ts";

const CUT_SECONDS = 30;

test("a network that is cut for 30 s between a runtime and the broker loses nothing", async () => {
  const network = new CutNetwork();
  const folder = await mkdtemp(join(tmpdir(), "gaugelet-redis-"));
  const socket = join(folder, "redis.sock");
  // Beside the runtime: what becomes of events can be stored all the time.
  const [redisProgram, ...redisArgs] = [...network.atRuntime, "redis-server", "--unixsocket", socket];
  const server = spawn(redisProgram, [...redisArgs, "--dir", folder, "--save", ""], { stdio: "ignore" });
  const redis = new Redis({ path: socket, retryStrategy: () => 20, maxRetriesPerRequest: null });
  redis.on("error", () => {});
  const kafka = await startKafka({ address: network.address, by: network.atServer });
  const brokers = kafka.brokers.join(",");
  const stage = await Stage.set([counting("partition", "t")], {
    REDIS_HOST: "127.0.0.1",
    REDIS_PORT: "6379",
    GAUGELET_TOPICS: "kafka",
    KAFKA_BROKERS: brokers,
  });
  const program = join(import.meta.dirname, "producer-program.ts");
  const [by = "", ...args] = [...network.atServer, process.execPath, program, brokers, "t", "50", ...SOURCES];
  const producer = spawn(by, args, { stdio: ["ignore", "pipe", "inherit"] });
  const said = text(producer.stdout);
  try {
    const counted = async (): Promise<CountedBySource> => {
      const keys = await redis.keys("count:*");
      const outputs = keys.length === 0 ? [] : await redis.mget(keys);
      return Object.assign({}, ...outputs.map((output) => JSON.parse(output ?? "{}")));
    };
    const lastOf = async (): Promise<number> => (await counted()).a?.last ?? 0;
    const replica = stage.start({ by: network.atRuntime });
    await replica.started();
    await waitFor("some events", async () => (await lastOf()) > 50, 60);
    network.cut();
    await sleep(2_000);
    const during = await lastOf();
    await sleep((CUT_SECONDS - 2) * 1000);
    expect(await lastOf()).toBe(during);
    network.mend();
    const mended = performance.now();
    await waitFor("the next event", async () => (await lastOf()) > during, 90);
    const took = (performance.now() - mended) / 1000;
    producer.kill("SIGTERM");
    const sent = JSON.parse(await said) as Record<string, number>;
    const output = await waitFor(
      "all events",
      async () => {
        const found = await counted();
        return SOURCES.every((source) => (found[source]?.last ?? 0) >= (sent[source] ?? 0)) && found;
      },
      90,
    );
    report("Kafka, network cut for 30 s", tallyBySource(sent, output), `went on ${took.toFixed(1)} s after`);
    expect(output).toEqual(countedOnceBySource(sent));
  } finally {
    producer.kill("SIGKILL");
    await stage.clear();
    await kafka.stop();
    redis.disconnect();
    const ended = once(server, "exit");
    server.kill("SIGKILL");
    await ended;
    await rm(folder, { recursive: true, force: true });
    network.remove();
  }
});
