import { startKafka } from "@gaugelet/testing/kafka-server";
import { KafkaTopics } from "../../src/topics/kafka/kafka-topics.ts";
import { topicsConformance } from "./conformance/suite.ts";

topicsConformance("topics on Kafka", async () => {
  // Old events are dropped a segment at a time, and this broker looks for them every half second.
  const kafka = await startKafka({ properties: { "log.retention.check.interval.ms": "500" } });
  return {
    connect: () => new KafkaTopics({ brokers: kafka.brokers, tls: undefined, sasl: undefined }),
    mostPartitions: 4,
    retention: { seconds: 3_600, events: null, bytes: 10_000_000 },
    dropping: "Kafka drops whole segments, of 1 MiB at least, and those that are closed alone",
    close: () => kafka.stop(),
  };
});
