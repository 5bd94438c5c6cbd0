import { startKafka, type TestKafka } from "@gaugelet/testing/kafka-server";
import { waitFor } from "@gaugelet/testing/wait";
import { Admin, ProduceAcks, Producer } from "@platformatic/kafka";
import { afterAll, beforeAll, expect, test } from "vitest";
import { KafkaTopics } from "../../src/topics/kafka/kafka-topics.ts";
import { numbered, numberedEvents, range } from "./conformance/case.ts";
import { Member } from "./conformance/member.ts";

const TIMEOUT = { timeout: 60_000 };
let kafka: TestKafka;
let topics: KafkaTopics;
let admin: Admin;

function connect(): KafkaTopics {
  return new KafkaTopics({ brokers: kafka.brokers, tls: undefined, sasl: undefined });
}

beforeAll(async () => {
  kafka = await startKafka();
  topics = connect();
  admin = new Admin({ clientId: "test", bootstrapBrokers: [...kafka.brokers] });
}, 120_000);

afterAll(async () => {
  await topics?.stop();
  await admin?.close();
  await kafka?.stop();
});

test("events that were dropped before they were read are told, and that it goes on", TIMEOUT, async () => {
  await topics.create("dropped", {});
  await topics.publish("dropped", numberedEvents(0, 20));
  await admin.deleteRecords({ topics: [{ name: "dropped", partitions: [{ partition: 0, offset: 10n }] }] });
  const problems: (string | null)[] = [];
  const reader = new Member(topics, "dropped", { dropped: "oldest" }, { stored: () => "3" });
  reader.onProblem = (reason) => void problems.push(reason);
  await reader.received(10);
  await waitFor("the end of the problem", () => problems.at(-1) === null).catch(() => {});
  expect(problems).toEqual([
    "topic dropped, partition 0: events 4 to 9 were dropped; going on with 10",
    null,
  ]);
  expect(reader.numbers()).toEqual(range(10, 20));
  await reader.consumer.stop();
});

test("partitions that a topic is given later are read from their first event on", TIMEOUT, async () => {
  await topics.create("wider", { partitions: 1 });
  await topics.publish("wider", [numbered(0)]);
  const reader = new Member(topics, "wider", { wider: "newest" }, {});
  await waitFor("its place", async () => (await topics.lag("wider", ["wider"]))[0]?.events === 0);
  const more = [{ brokerIds: [1] }, { brokerIds: [1] }];
  await admin.createPartitions({ topics: [{ name: "wider", count: 3, assignments: more }] });
  // It knows of all three, as a producer that begins now does.
  const producer = connect();
  const events = range(1, 21).map((number) => numbered(number, `key ${number}`));
  await waitFor("three partitions", async () => (await topics.describe("wider")).partitions.length === 3);
  await producer.publish("wider", events);
  await producer.stop();
  const { partitions } = await topics.describe("wider");
  expect(partitions.filter(({ published }) => published === 0)).toEqual([]);
  // It looks at once, and not only when its time has come.
  reader.consumer.subscribe(new Map([["wider", "newest"]]));
  await reader.received(20).catch(() => {});
  expect(reader.numbers().sort((a, b) => a - b)).toEqual(range(1, 21));
  await reader.consumer.stop();
});

test(
  "members that come after a topic was given more partitions read these from their first event on, too",
  TIMEOUT,
  async () => {
    await topics.create("grown", { partitions: 2 });
    const before = range(0, 10).map((number) => numbered(number, `key ${number}`));
    await topics.publish("grown", before);
    const begin = () => new Member(topics, "grown", { grown: "newest" }, {});
    // Which of them gives the group its place does not matter: what was there before comes to neither.
    const first = [begin(), begin()];
    await waitFor("their place", async () => (await topics.lag("grown", ["grown"]))[0]?.events === 0);
    await waitFor("a partition each", () => first.every(({ partitions }) => partitions.size === 1));
    for (const { consumer } of first) await consumer.stop();
    const more = [{ brokerIds: [1] }, { brokerIds: [1] }];
    await admin.createPartitions({ topics: [{ name: "grown", count: 4, assignments: more }] });
    const producer = connect();
    const events = range(10, 40).map((number) => numbered(number, `key ${number}`));
    await waitFor("four partitions", async () => (await topics.describe("grown")).partitions.length === 4);
    await producer.publish("grown", events);
    await producer.stop();
    const { partitions } = await topics.describe("grown");
    expect(partitions.filter(({ published }) => published === 0)).toEqual([]);
    const later = begin();
    await later.received(30).catch(() => {});
    const numbers = [...first, later].flatMap((member) => member.numbers());
    expect(numbers.sort((a, b) => a - b)).toEqual(range(10, 40));
    await later.consumer.stop();
  },
);

test(
  "of transactions, events come that were committed, and the lag is none after the last",
  TIMEOUT,
  async () => {
    await topics.create("transactions", {});
    const producer = new Producer({
      clientId: "test",
      bootstrapBrokers: [...kafka.brokers],
      idempotent: true,
      transactionalId: "test",
    });
    const transact = async (end: "commit" | "abort", ...values: readonly string[]): Promise<void> => {
      const transaction = await producer.beginTransaction();
      for (const value of values) {
        const message = { topic: "transactions", partition: 0, value: Buffer.from(value) };
        await transaction.send({ acks: ProduceAcks.ALL, messages: [message] });
      }
      await transaction[end]();
    };
    await transact("abort", "1", "2");
    await transact("commit", "3");
    await transact("abort", "4");
    // More than is fetched at once.
    await transact("abort", ...range(0, 8).map(() => "5".repeat(50_000)));
    await transact("commit", "6", "7");
    await producer.close();
    const reader = new Member(
      topics,
      "transactions",
      { transactions: "oldest" },
      {
        onEvents: ({ consumer }, partition, events) =>
          consumer.commit(partition, events.at(-1)?.position ?? ""),
      },
    );
    await waitFor("the last", () => reader.numbers().includes(7));
    expect(reader.numbers()).toEqual([3, 6, 7]);
    const lag = () => topics.lag("transactions", ["transactions"]);
    await waitFor("no lag", async () => (await lag())[0]?.events === 0).catch(() => {});
    expect(await lag()).toEqual([{ topic: "transactions", events: 0, dropped: 0 }]);
    const peeked = await topics.peek("transactions", "oldest", 100);
    expect(peeked.map(({ body }) => body.toString())).toEqual(["3", "6", "7"]);
    await reader.consumer.stop();
  },
);
