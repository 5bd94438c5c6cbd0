import { deadLetterKey } from "@gaugelet/shared/keys";
import { startKafka, type TestKafka } from "@gaugelet/testing/kafka-server";
import { afterAll, afterEach, beforeAll } from "vitest";
import { KafkaTopics } from "../../../src/topics/kafka/kafka-topics.ts";
import { RedisStreamTopics } from "../../../src/topics/redis-stream/redis-stream-topics.ts";
import type { Headers, TopicEngineName, Topics } from "../../../src/topics/topics.ts";
import type { useRuntime } from "../../integration/harness.ts";

/**
 * What a test does with topics beside the runtime: as a producer, and as whoever looks at what became of it.
 *
 * @param engine of the topics; a Kafka is started once for all tests of a file.
 */
export function useTopics(runtime: ReturnType<typeof useRuntime>, engine: TopicEngineName = "redis") {
  let topics: Topics | undefined;
  let kafka: TestKafka | undefined;
  let tests = 0;
  beforeAll(async () => {
    if (engine === "kafka") kafka = await startKafka();
  }, 120_000);
  afterAll(async () => {
    await kafka?.stop();
  });
  afterEach(async () => {
    await topics?.stop();
    topics = undefined;
    tests += 1;
  });
  const opened = (): Topics => {
    topics ??=
      kafka === undefined
        ? new RedisStreamTopics(
            { host: "127.0.0.1", port: runtime.redis.port, username: undefined, password: undefined, db: 0 },
            () => {},
          )
        : new KafkaTopics({ brokers: kafka.brokers, tls: undefined, sasl: undefined });
    return topics;
  };
  return {
    get engine(): Topics {
      return opened();
    },
    /** What the runtime is told. */
    get environment(): Record<string, string> {
      return kafka === undefined ? {} : { GAUGELET_TOPICS: "kafka", KAFKA_BROKERS: kafka.brokers.join(",") };
    },
    /** A name that no other test of the file has, as Redis is emptied after each and Kafka is not. */
    named: (name: string): string => (kafka === undefined ? name : `${name}-${tests}`),
    /** Make a topic where the engine does not do that by itself. */
    async make(name: string, partitions?: number): Promise<void> {
      if (kafka !== undefined) await opened().create(name, { partitions });
    },
    /** Publish events: objects as JSON, text as it is. */
    async publish(
      topic: string,
      events: readonly (object | string)[],
      { key = null, headers = {} }: { readonly key?: string | null; readonly headers?: Headers } = {},
    ): Promise<string[]> {
      return opened().publish(
        topic,
        events.map((event) => ({
          body: Buffer.from(typeof event === "string" ? event : JSON.stringify(event)),
          key: key === null ? null : Buffer.from(key),
          headers,
        })),
      );
    },
    /** The dead letters of a function, by their fields. */
    async deadLetters(name: string): Promise<Record<string, string>[]> {
      const entries = await runtime.redis.client.xrange(deadLetterKey(name), "-", "+");
      return entries.map(([, fields]) =>
        Object.fromEntries(
          fields.flatMap((field, at) => (at % 2 === 0 ? [[field, fields[at + 1] ?? ""]] : [])),
        ),
      );
    },
  };
}
