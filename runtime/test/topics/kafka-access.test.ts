import { startKafka, type TestKafka } from "@gaugelet/testing/kafka-server";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { KafkaAddress } from "../../src/configuration/kafka.ts";
import { KafkaTopics } from "../../src/topics/kafka/kafka-topics.ts";

let kafka: TestKafka;

beforeAll(async () => {
  kafka = await startKafka({ users: { runtime: "secret" } });
}, 120_000);

afterAll(() => kafka?.stop());

/** Make a topic, publish and list as this user. */
async function use(sasl: KafkaAddress["sasl"], topic: string): Promise<string[]> {
  const topics = new KafkaTopics({ brokers: kafka.brokers, tls: undefined, sasl });
  try {
    await topics.create(topic, {});
    await topics.publish(topic, [{ body: Buffer.from("{}"), key: null, headers: {} }]);
    return await topics.list();
  } finally {
    await topics.stop();
  }
}

test.each(["PLAIN", "SCRAM-SHA-256"] as const)("Kafka is signed in to with %s", async (mechanism) => {
  const topic = `by-${mechanism.toLowerCase()}`;
  expect(await use({ mechanism, username: "runtime", password: "secret" }, topic)).toContain(topic);
});

test.each([
  ["a wrong password", { mechanism: "PLAIN", username: "runtime", password: "wrong" }],
  ["a wrong password", { mechanism: "SCRAM-SHA-256", username: "runtime", password: "wrong" }],
  ["an unknown user", { mechanism: "PLAIN", username: "somebody", password: "secret" }],
] as const)("%s is told as that", async (_what, sasl) => {
  await expect(use(sasl, "none")).rejects.toThrow(
    "cannot create topic none: Kafka refuses KAFKA_USERNAME and KAFKA_PASSWORD",
  );
});
