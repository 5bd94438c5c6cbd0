import { startRedis, type TestRedis } from "@gaugelet/testing/redis-server";
import { waitFor } from "@gaugelet/testing/wait";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { RedisStreamTopics } from "../../src/topics/redis-stream/redis-stream-topics.ts";
import type { Topics } from "../../src/topics/topics.ts";
import type { Counted } from "./handlers.ts";
import { countedOnce, type Numbered, report, tallyOfCounted } from "./numbered.ts";
import { Stage, type StagedFunction } from "./stage.ts";

/** A Redis for the tests of a file, emptied before each, with the topics in it and a stage of each test's own. */
export function useRedisPlace(options: readonly string[] = []) {
  const stages: Stage[] = [];
  const place = {
    redis: undefined as unknown as TestRedis,
    topics: undefined as unknown as Topics,
    async set(
      functions: readonly StagedFunction[],
      environment: Record<string, string> = {},
    ): Promise<Stage> {
      const stage = await Stage.set(functions, {
        REDIS_HOST: "127.0.0.1",
        REDIS_PORT: String(place.redis.port),
        ...environment,
      });
      stages.push(stage);
      return stage;
    },
    async counted(key = "count"): Promise<Counted | undefined> {
      const text = await place.redis.client.get(key);
      return text === null ? undefined : (JSON.parse(text) as Counted);
    },
    /** Wait until a function that counts has stored the event of this number. */
    async countedTo(n: number, seconds = 60, key = "count"): Promise<Counted> {
      return waitFor(
        `event ${n} at ${key}`,
        async () => {
          const counted = await place.counted(key);
          return counted !== undefined && counted.last >= n && counted;
        },
        seconds,
      );
    },
    /** Wait for the last event, say what became of all, and see that each had its effect once and in order. */
    async expectCountedOnce(run: string, { sent }: Numbered, more = ""): Promise<void> {
      const counted = await place.countedTo(sent);
      report(run, tallyOfCounted(sent, counted), more);
      expect(counted).toEqual(countedOnce(sent));
    },
    /** Of every key but those that only say who owns what: their contents. */
    async contents(): Promise<ReadonlyMap<string, string>> {
      const keys = (await place.redis.client.keys("*")).filter(
        (key) => !key.startsWith("gaugelet:lease:") && !key.startsWith("gaugelet:instance"),
      );
      const dumps = await Promise.all(keys.sort().map((key) => place.redis.client.dumpBuffer(key)));
      return new Map(keys.map((key, at) => [key, dumps[at]?.toString("base64") ?? ""]));
    },
  };
  beforeAll(async () => {
    place.redis = await startRedis(options);
  });
  afterAll(async () => {
    await place.redis.stop();
  });
  beforeEach(async () => {
    await place.redis.client.flushall();
    place.topics = new RedisStreamTopics(
      { host: "127.0.0.1", port: place.redis.port, username: undefined, password: undefined, db: 0 },
      () => {},
    );
  });
  afterEach(async () => {
    for (const stage of stages.splice(0)) await stage.clear();
    await place.topics.stop();
  });
  return place;
}
