import { setTimeout as sleep } from "node:timers/promises";
import { startKafka, type TestKafka } from "@gaugelet/testing/kafka-server";
import { waitFor } from "@gaugelet/testing/wait";
import { afterAll, beforeAll, expect, test } from "vitest";
import { KafkaTopics } from "../../src/topics/kafka/kafka-topics.ts";
import { Member } from "./conformance/member.ts";

let kafka: TestKafka;
let topics: KafkaTopics;

beforeAll(async () => {
  kafka = await startKafka();
  topics = new KafkaTopics({ brokers: kafka.brokers, tls: undefined, sasl: undefined });
}, 120_000);

afterAll(async () => {
  await topics?.stop();
  await kafka?.stop();
});

test("a position that Kafka did not take is committed later, without another event", {
  timeout: 180_000,
}, async () => {
  await topics.create("orders", {});
  const member = new Member(topics, "billing", { orders: "oldest" }, {});
  const [partition] = await member.assigned();
  await topics.publish("orders", [{ body: Buffer.from("1"), key: null, headers: {} }]);
  await member.received(1);
  const [{ event } = { event: undefined }] = member.events;
  if (partition === undefined || event === undefined) throw new Error("no event");
  await kafka.crash(1);
  await waitFor("it is known that Kafka is gone", () => member.problem);
  member.consumer.commit(partition, event.position);
  // Several commits are refused meanwhile, and their retries.
  await sleep(5_000);
  await kafka.restart(1);
  const lag = async () => (await topics.lag("billing", ["orders"]))[0]?.events;
  await waitFor("the commit", async () => (await lag()) === 0);
  expect(member.events).toHaveLength(1);
  await member.consumer.stop();
});
