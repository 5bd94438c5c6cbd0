import { type KafkaOptions, startKafka, type TestKafka } from "@gaugelet/testing/kafka-server";
import { waitFor } from "@gaugelet/testing/wait";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { KafkaTopics } from "../../src/topics/kafka/kafka-topics.ts";
import { COUNTS_BY_SOURCE, type CountedBySource } from "./handlers.ts";
import type { Tally } from "./numbered.ts";
import { useRedisPlace } from "./redis-place.ts";
import type { Stage, StagedFunction } from "./stage.ts";

/** Spread over three partitions. */
export const SOURCES = ["a", "b", "c", "d", "e", "f"];

/** Counts by sources. */
export function counting(state: "function" | "partition", topic: string) {
  const output = { key: state === "partition" ? "count:{shard}" : "count" };
  return { name: "count", code: COUNTS_BY_SOURCE, state, triggers: [{ topic, start: "oldest" }], output };
}

/** Two replicas, of which each has its workers. */
export async function startBoth(stage: Stage) {
  const replicas = [stage.start(), stage.start()] as const;
  await Promise.all(replicas.map((replica) => replica.started()));
  return [...replicas];
}

/** A Kafka for the tests of a file, and a Redis for what becomes of its events, with a stage of each test's own. */
export function useKafkaPlace(options: KafkaOptions = {}) {
  const redisPlace = useRedisPlace();
  const place = {
    kafka: undefined as unknown as TestKafka,
    topics: undefined as unknown as KafkaTopics,
    get redis() {
      return redisPlace.redis;
    },
    set(functions: readonly StagedFunction[]): Promise<Stage> {
      const brokers = place.kafka.brokers.join(",");
      return redisPlace.set(functions, { GAUGELET_TOPICS: "kafka", KAFKA_BROKERS: brokers });
    },
    /** What a function that counts has of each source, whatever partitions they are in. */
    async counted(key = "count"): Promise<CountedBySource> {
      const keys = [key, ...(await place.redis.client.keys(`${key}:*`))];
      const outputs = await place.redis.client.mget(keys);
      return Object.assign({}, ...outputs.map((text) => (text === null ? {} : JSON.parse(text))));
    },
    /** Wait until a function that counts has had so many of each source. */
    async countedTo(sent: Readonly<Record<string, number>>, seconds = 120): Promise<CountedBySource> {
      const wanted = Object.entries(sent);
      return waitFor(
        `the last of ${wanted.map(([source, n]) => `${source}: ${n}`).join(", ")}`,
        async () => {
          const counted = await place.counted();
          if (wanted.every(([source, n]) => (counted[source]?.last ?? 0) >= n)) return counted;
          throw new Error(JSON.stringify(counted));
        },
        seconds,
      );
    },
  };
  beforeAll(async () => {
    place.kafka = await startKafka(options);
  }, 300_000);
  afterAll(async () => {
    await place.kafka?.stop();
  });
  beforeEach(() => {
    place.topics = new KafkaTopics({ brokers: place.kafka.brokers, tls: undefined, sasl: undefined });
  });
  afterEach(async () => {
    await place.topics.stop();
  });
  return place;
}

/** Of a function that counts by sources. */
export function tallyBySource(sent: Readonly<Record<string, number>>, counted: CountedBySource): Tally {
  const all = { sent: 0, handled: 0, lost: 0, doubled: 0 };
  for (const [source, n] of Object.entries(sent)) {
    const { count = 0, doubled = 0 } = counted[source] ?? {};
    all.sent += n;
    all.handled += count;
    all.lost += n - (count - doubled);
    all.doubled += doubled;
  }
  return all;
}

/** What it has once it has seen each event once and in order. */
export function countedOnceBySource(sent: Readonly<Record<string, number>>): CountedBySource {
  return Object.fromEntries(
    Object.entries(sent).map(([source, n]) => [
      source,
      { count: n, sum: (n * (n + 1)) / 2, last: n, gaps: [], doubled: 0 },
    ]),
  );
}
