import { startKafka, type TestKafka } from "@gaugelet/testing/kafka-server";
import { waitFor } from "@gaugelet/testing/wait";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { KafkaAddress } from "../../src/configuration/kafka.ts";
import { KafkaTopics } from "../../src/topics/kafka/kafka-topics.ts";
import { Member } from "./conformance/member.ts";

let kafka: TestKafka;

beforeAll(async () => {
  kafka = await startKafka({
    users: { runtime: "secret", guest: "guest" },
    properties: {
      "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
      "super.users": "User:ANONYMOUS;User:runtime",
    },
  });
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

test("a broker that wants a sign-in is told as that", { timeout: 60_000 }, async () => {
  await expect(use(undefined, "none")).rejects.toThrow(
    "cannot create topic none: no broker of KAFKA_BROKERS can be reached: connections are closed; " +
      "where that goes on, check KAFKA_SASL_MECHANISM and KAFKA_TLS",
  );
});

test("a user without rights is told so, and not that there is no such topic", {
  timeout: 60_000,
}, async () => {
  await use({ mechanism: "PLAIN", username: "runtime", password: "secret" }, "secrets");
  const sasl = { mechanism: "PLAIN", username: "guest", password: "guest" } as const;
  const topics = new KafkaTopics({ brokers: kafka.brokers, tls: undefined, sasl });
  try {
    const error = "this Kafka user has no right to topic secrets";
    await expect(topics.describe("secrets")).rejects.toThrow(error);
    await expect(topics.peek("secrets", "newest", 1)).rejects.toThrow(error);
    await expect(topics.lag("readers", ["secrets"])).resolves.toEqual([]);
    const reader = new Member(topics, "readers", { secrets: "newest" }, {});
    await waitFor("a problem", () => reader.problem !== null);
    expect(reader.problem).toBe(error);
  } finally {
    await topics.stop();
  }
});
