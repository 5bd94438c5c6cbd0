import { KafkaTopics } from "../../src/topics/kafka/kafka-topics.ts";
import type { BenchedEngine } from "./engine.ts";

/** Kafka, with outputs in a Redis. */
export function kafkaEngine(brokers: readonly string[], redisPort: number): BenchedEngine {
  return {
    name: "Kafka",
    environment: { GAUGELET_TOPICS: "kafka", KAFKA_BROKERS: brokers.join(",") },
    topics: new KafkaTopics({ brokers, tls: undefined, sasl: undefined }),
    sourcesOf: (topic) => `kafka:${topic}@`,
    numbering: () => (position) => Number(position) + 1,
    bareConsumer: new URL("bare-kafka-consumer.ts", import.meta.url),
    redisPort,
    latencyTarget: 10,
  };
}
