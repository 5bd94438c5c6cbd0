import { expect } from "vitest";
import { type NewEvent, TopicError, type TopicOptions } from "../../../../src/topics/topics.ts";
import { numbered, type TopicsCase } from "../case.ts";

/** Making topics, and asking about them. */
export const ADMINISTRATION: readonly TopicsCase[] = [
  {
    name: "a topic is made, listed, described and deleted",
    async run({ topics, unique }) {
      const topic = unique("orders.eu_1");
      await topics.create(topic, {});
      expect(await topics.list()).toContain(topic);
      const description = await topics.describe(topic);
      expect(description.name).toBe(topic);
      expect(description.partitions).toMatchObject([{ number: 0, events: 0, newest: null }]);
      await topics.delete(topic);
      expect(await topics.list()).not.toContain(topic);
    },
  },
  {
    name: "topics are listed in order",
    async run({ topics, topic }) {
      const made = [await topic(), await topic(), await topic()];
      const list = await topics.list();
      expect(list).toEqual([...list].sort());
      expect(list).toEqual(expect.arrayContaining(made));
    },
  },
  {
    name: "a topic's newest position is that of the last event",
    async run({ topics, topic }) {
      const name = await topic();
      const positions = await topics.publish(name, [numbered(0), numbered(1), numbered(2)]);
      const { partitions } = await topics.describe(name);
      expect(partitions).toMatchObject([{ number: 0, events: 3, newest: positions[2] }]);
    },
  },
  {
    name: "a topic that exists is not made again, and stays as it is",
    async run({ topics, topic }) {
      const name = await topic();
      await topics.publish(name, [numbered(0)]);
      await expectError(topics.create(name, {}), "topic-exists", name);
      expect((await topics.describe(name)).partitions[0]?.events).toBe(1);
    },
  },
  {
    name: "what does not exist is said to be unknown",
    async run({ topics, unique }) {
      const topic = unique("nothing");
      await expectError(topics.describe(topic), "unknown-topic", topic);
      await expectError(topics.delete(topic), "unknown-topic", topic);
      expect(await topics.lag("somebody", [topic])).toEqual([]);
      expect(await topics.list()).not.toContain(topic);
    },
  },
  {
    name: "a name that is none is refused",
    async run({ topics }) {
      for (const name of ["", ".", "..", "a/b", "a b", "ü", "a:b", "a".repeat(250)]) {
        await expectError(topics.create(name, {}), "invalid-topic", name);
        await expect(topics.publish(name, [numbered(0)])).rejects.toBeInstanceOf(TopicError);
      }
      const longest = "a".repeat(249);
      await topics.create(longest, {});
      await topics.delete(longest);
    },
  },
  {
    name: "an option that is none is refused, and nothing is made",
    async run({ topics, unique }) {
      const wrong: TopicOptions[] = [
        { partitions: 0 },
        { partitions: 1.5 },
        { partitions: -1 },
        { retention: { seconds: 0 } },
        { retention: { seconds: -1 } },
        { retention: { seconds: Number.NaN } },
      ];
      for (const options of wrong) {
        const topic = unique("wrong");
        await expectError(topics.create(topic, options), "invalid-option", topic);
        expect(await topics.list()).not.toContain(topic);
      }
    },
  },
  {
    name: "more partitions than the engine has are refused",
    skip: ({ mostPartitions }) =>
      mostPartitions > 1 ? "a topic of this engine may have several partitions" : undefined,
    async run({ topics, unique }) {
      await expectError(topics.create(unique("wide"), { partitions: 2 }), "invalid-option", "partitions");
    },
  },
  {
    name: "a topic has as many partitions as were asked for",
    skip: ({ mostPartitions }) =>
      mostPartitions < 3 ? "a topic of this engine has one partition" : undefined,
    async run({ topics, topic }) {
      const { partitions } = await topics.describe(await topic({ partitions: 3 }));
      expect(partitions.map(({ number }) => number)).toEqual([0, 1, 2]);
    },
  },
  {
    name: "a topic keeps the retention that it was made with",
    async run({ engine: { retention }, topics, topic }) {
      const description = await topics.describe(await topic({ retention }));
      expect(description.retention).toMatchObject(retention);
    },
  },
  {
    name: "old events are dropped, and counted as lost to a group that had not read them",
    skip: ({ dropping }) => (typeof dropping === "string" ? dropping : undefined),
    async run({ engine: { dropping }, topics, topic, member, unique }) {
      if (typeof dropping === "string") return;
      const name = await topic(dropping.options);
      const group = unique("group");
      const [first = ""] = await topics.publish(name, [numbered(0)]);
      const reader = member(group, { [name]: "oldest" });
      await reader.received(1);
      const [partition] = await reader.assigned();
      if (partition !== undefined) reader.consumer.commit(partition, first);
      await reader.consumer.stop();
      await topics.publish(
        name,
        Array.from({ length: dropping.events }, (_, at): NewEvent => numbered(at + 1)),
      );
      const { events = 0 } = (await topics.describe(name)).partitions[0] ?? {};
      expect(events).toBeLessThanOrEqual(dropping.atMost);
      expect(await topics.lag(group, [name])).toEqual([
        { topic: name, events, dropped: dropping.events - events },
      ]);
    },
  },
];

async function expectError(result: Promise<unknown>, code: TopicError["code"], says: string): Promise<void> {
  const error: unknown = await result.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TopicError);
  expect(error).toMatchObject({ code });
  expect((error as TopicError).message).toContain(says);
}
