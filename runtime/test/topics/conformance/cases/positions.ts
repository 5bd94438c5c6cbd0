import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "@gaugelet/testing/wait";
import { expect } from "vitest";
import type { TopicStart } from "../../../../src/topics/topics.ts";
import { numberedEvents, range, type Subject, type TopicsCase } from "../case.ts";

/** Where a member begins, and how far it is said to be. */
export const POSITIONS: readonly TopicsCase[] = [
  {
    name: "a group goes on after what it committed",
    async run(subject) {
      const { topics, member } = subject;
      const { name, group } = await committed(subject, 100, 41);
      await topics.publish(name, numberedEvents(100, 110));
      const reader = member(group, { [name]: "newest" });
      await reader.received(68);
      await sleep(200);
      expect(reader.numbers()).toEqual(range(42, 110));
    },
  },
  {
    name: "a group begins where a topic ended when it was looked at, and at its first event where there was none",
    async run({ topics, topic, member, unique }) {
      const [full, empty, missing] = [await topic(), await topic(), unique("missing")];
      await topics.publish(full, numberedEvents(0, 10));
      const ends: Record<string, TopicStart> = {};
      for (const name of [full, empty, missing]) ends[name] = await topics.endOf(name);
      await topics.create(missing, {});
      for (const name of [full, empty, missing]) await topics.publish(name, numberedEvents(10, 20));
      const reader = member(unique("group"), ends);
      await reader.received(30);
      await sleep(200);
      for (const name of [full, empty, missing]) expect(reader.numbers(name)).toEqual(range(10, 20));
    },
  },
  {
    name: "a stored position that is ahead of the committed one wins",
    async run(subject) {
      const { name, group, positions } = await committed(subject, 100, 41);
      const reader = subject.member(group, { [name]: "oldest" }, { stored: () => positions[79] });
      await reader.received(20);
      await sleep(200);
      expect(reader.numbers()).toEqual(range(80, 100));
    },
  },
  {
    name: "a stored position that is behind the committed one wins",
    async run(subject) {
      const { name, group, positions } = await committed(subject, 100, 41);
      const reader = subject.member(group, { [name]: "newest" }, { stored: () => positions[9] });
      await reader.received(90);
      await sleep(200);
      expect(reader.numbers()).toEqual(range(10, 100));
    },
  },
  {
    name: "a stored position of the newest event leaves nothing to read but what comes",
    async run(subject) {
      const { name, group, positions } = await committed(subject, 100, 41);
      const reader = subject.member(group, { [name]: "oldest" }, { stored: () => positions[99] });
      await reader.assigned();
      await sleep(500);
      await subject.topics.publish(name, numberedEvents(100, 105));
      await reader.received(5);
      expect(reader.numbers()).toEqual(range(100, 105));
    },
  },
  {
    name: "nothing comes before the stored position is known",
    async run({ topics, topic, unique }) {
      const name = await topic();
      const positions = await topics.publish(name, numberedEvents(0, 10));
      const happened: string[] = [];
      const consumer = topics.consume(unique("group"), new Map([[name, "oldest"]]), {
        async onAssigned() {
          happened.push("asked");
          await sleep(1_000);
          happened.push("answered");
          return positions[4];
        },
        onEvents: (_partition, events) => {
          for (const { body } of events) happened.push(body.toString());
        },
        onRevoked: () => {},
        onProblem: () => {},
      });
      await waitFor("the last event", () => happened.includes("9"));
      await consumer.stop();
      expect(happened).toEqual(["asked", "answered", "5", "6", "7", "8", "9"]);
    },
  },
  {
    name: "a partition that is read anew begins after the stored position of then",
    async run({ topics, topic, member, unique }) {
      const [name, other] = [await topic(), await topic()];
      const positions = await topics.publish(name, numberedEvents(0, 10));
      await topics.publish(other, numberedEvents(0, 3));
      let stored: string | undefined;
      const reader = member(
        unique("group"),
        { [name]: "oldest", [other]: "oldest" },
        { stored: ({ topic }) => (topic === name ? stored : undefined) },
      );
      await reader.received(13);
      stored = positions[2];
      const partition = reader.partitions.get(`${name}/0`);
      if (partition === undefined) throw new Error("the partition is not ours");
      reader.consumer.rewind(partition);
      await reader.received(17, name);
      await topics.publish(name, numberedEvents(10, 12));
      await reader.received(19, name);
      expect(reader.numbers(name)).toEqual([...range(0, 10), ...range(3, 12)]);
      expect(reader.numbers(other)).toEqual([0, 1, 2]);
      expect(reader.turns.filter((turn) => turn.includes(name))).toEqual([
        `+${name}/0`,
        `-${name}/0`,
        `+${name}/0`,
      ]);
      expect(reader.turns.filter((turn) => turn.includes(other))).toEqual([`+${other}/0`]);
    },
  },
  {
    name: "reading anew what is not ours does nothing",
    async run({ topics, topic, member, unique }) {
      const name = await topic();
      const reader = member(unique("group"), { [name]: "oldest" });
      await reader.assigned();
      const nobodys = { topic: unique("nobody"), number: 0, source: "nobody" };
      reader.consumer.rewind(nobodys);
      reader.consumer.pause(nobodys);
      reader.consumer.resume(nobodys);
      await topics.publish(name, numberedEvents(0, 3));
      await reader.received(3);
      expect(reader.turns).toEqual([`+${name}/0`]);
    },
  },
  {
    name: "the lag is what is not committed",
    async run({ topics, topic, member, unique }) {
      const [name, group] = [await topic(), unique("group")];
      const positions = await topics.publish(name, numberedEvents(0, 100));
      const lag = () => topics.lag(group, [name]);
      expect(await lag()).toEqual([{ topic: name, events: 100, dropped: 0 }]);
      const reader = member(group, { [name]: "oldest" });
      await reader.received(100);
      const [partition] = await reader.assigned();
      if (partition === undefined) return;
      for (const [at, behind] of [
        [29, 70],
        [98, 1],
        [99, 0],
      ] as const) {
        reader.consumer.commit(partition, positions[at] ?? "");
        await waitFor(`a lag of ${behind}`, async () => (await lag())[0]?.events === behind);
      }
      await topics.publish(name, numberedEvents(100, 107));
      await waitFor("a lag of 7", async () => (await lag())[0]?.events === 7);
      expect(await topics.lag(unique("stranger"), [name])).toEqual([
        { topic: name, events: 107, dropped: 0 },
      ]);
    },
  },
  {
    name: "the lag is right after a restart at a stored position",
    async run(subject) {
      const { name, group, positions } = await committed(subject, 100, 41);
      const lag = async () => (await subject.topics.lag(group, [name]))[0]?.events;
      expect(await lag()).toBe(58);
      const reader = subject.member(group, { [name]: "oldest" }, { stored: () => positions[79] });
      await reader.received(20);
      const [partition] = await reader.assigned();
      if (partition === undefined) return;
      reader.consumer.commit(partition, positions[84] ?? "");
      await waitFor("a lag of 15", async () => (await lag()) === 15);
      reader.consumer.commit(partition, positions[89] ?? "");
      await reader.consumer.stop();
      expect(await lag()).toBe(10);
    },
  },
];

/** A topic with numbered events, and a group that read all and committed up to one of them. */
async function committed({ topics, topic, member, unique }: Subject, count: number, upTo: number) {
  const [name, group] = [await topic(), unique("group")];
  const positions = await topics.publish(name, numberedEvents(0, count));
  const reader = member(group, { [name]: "oldest" });
  await reader.received(count);
  const [partition] = await reader.assigned();
  const position = positions[upTo];
  if (partition === undefined || position === undefined) throw new Error("there is nothing to commit");
  reader.consumer.commit(partition, position);
  await reader.consumer.stop();
  return { name, group, positions };
}
