import { expect } from "vitest";
import { type TopicEnd, TopicError } from "../../../../src/topics/topics.ts";
import { numbered, numberedEvents, type Subject, type TopicsCase } from "../case.ts";

/** Looking at events without handling any. */
export const PEEKING: readonly TopicsCase[] = [
  {
    name: "the newest events come newest first, and the oldest oldest first",
    async run({ topics, topic }) {
      const name = await topic();
      const positions = await topics.publish(name, numberedEvents(0, 5));
      expect(await bodies(topics, name, "newest", 3)).toEqual(["4", "3", "2"]);
      expect(await bodies(topics, name, "oldest", 3)).toEqual(["0", "1", "2"]);
      expect(await bodies(topics, name, "oldest", 100)).toEqual(["0", "1", "2", "3", "4"]);
      const [newest] = await topics.peek(name, "newest", 1);
      expect(newest).toMatchObject({ partition: 0, position: positions[4], key: null, headers: {} });
    },
  },
  {
    name: "what is looked at has its key, its headers and its time",
    async run({ topics, topic }) {
      const name = await topic();
      const before = Date.now();
      await topics.publish(name, [{ ...numbered(1, "a"), headers: { x: "1" } }]);
      const [event] = await topics.peek(name, "newest", 1);
      expect(event).toMatchObject({ key: Buffer.from("a"), headers: { x: "1" } });
      expect(event?.timestamp).toBeGreaterThanOrEqual(before - 1);
    },
  },
  {
    name: "of a topic without events there is nothing to look at, and of none that says so",
    async run({ topics, topic, unique }) {
      expect(await topics.peek(await topic(), "newest", 10)).toEqual([]);
      const missing = unique("missing");
      const error: unknown = await topics.peek(missing, "oldest", 1).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(TopicError);
      expect(error).toMatchObject({ code: "unknown-topic" });
    },
  },
  {
    name: "events of all partitions are looked at together",
    skip: ({ mostPartitions }) =>
      mostPartitions < 3 ? "a topic of this engine has one partition" : undefined,
    async run({ topics, topic }) {
      const name = await topic({ partitions: 3 });
      const keys = ["a", "b", "c", "d", "e", "f", "g", "h"];
      for (const [number, key] of keys.entries()) await topics.publish(name, [numbered(number, key)]);
      const all = await topics.peek(name, "newest", 100);
      expect(new Set(all.map(({ partition }) => partition)).size).toBeGreaterThan(1);
      expect(all.map(({ body }) => String(body)).sort()).toEqual(keys.map((_, number) => String(number)));
      expect(await topics.peek(name, "oldest", 4)).toHaveLength(4);
    },
  },
];

async function bodies(topics: Subject["topics"], name: string, end: TopicEnd, most: number) {
  return (await topics.peek(name, end, most)).map(({ body }) => String(body));
}
