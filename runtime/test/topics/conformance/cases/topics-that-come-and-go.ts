import { waitFor } from "@gaugelet/testing/wait";
import { expect } from "vitest";
import { numbered, numberedEvents, range, type TopicsCase } from "../case.ts";

/** What people expect of a topic that they make while a function waits for it. */
const WITHIN_MILLISECONDS = 2_000;

/** Topics that are made and deleted under a running consumer. */
export const TOPICS_THAT_COME_AND_GO: readonly TopicsCase[] = [
  {
    name: "a topic that is made while a member waits for it is read from its first event on, within 2 s",
    async run({ topics, member, unique, connect }) {
      const names = [unique("late"), unique("late"), unique("late")];
      const reader = member(unique("group"), Object.fromEntries(names.map((name) => [name, "newest"])));
      const producer = connect();
      await producer.list();
      const times: number[] = [];
      for (const name of names) {
        const begun = performance.now();
        await producer.create(name, {});
        await producer.publish(name, numberedEvents(0, 3));
        await reader.received(3, name);
        times.push(performance.now() - begun);
        expect(reader.numbers(name)).toEqual([0, 1, 2]);
      }
      // The median, as the machine may be busy.
      expect(times.sort((a, b) => a - b)[1]).toBeLessThan(WITHIN_MILLISECONDS);
      await topics.publish(names[0] ?? "", [numbered(3)]);
      await reader.received(4, names[0]);
    },
  },
  {
    name: "a topic that does not exist does not keep the others waiting",
    async run({ topics, topic, member, unique }) {
      const name = await topic();
      const reader = member(unique("group"), { [unique("nothing")]: "oldest", [name]: "oldest" });
      await topics.publish(name, numberedEvents(0, 3));
      await reader.received(3);
      expect(reader.numbers()).toEqual([0, 1, 2]);
    },
  },
  {
    name: "waiting for a topic does not make it",
    async run({ topics, topic, member, unique }) {
      const [name, nothing] = [await topic(), unique("nothing")];
      const reader = member(unique("group"), { [nothing]: "oldest", [name]: "oldest" });
      await topics.publish(name, numberedEvents(0, 1));
      await reader.received(1);
      await reader.consumer.stop();
      expect(await topics.list()).not.toContain(nothing);
    },
  },
  {
    name: "a topic that is deleted is revoked, does not come back by itself, and is read anew once it is made again",
    async run({ topics, topic, member, unique }) {
      const [name, other] = [await topic(), await topic()];
      const reader = member(unique("group"), { [name]: "oldest", [other]: "oldest" });
      await reader.assigned(2);
      const positions = await topics.publish(name, numberedEvents(0, 10));
      await reader.received(10, name);
      const partition = reader.partitions.get(`${name}/0`);
      if (partition !== undefined) reader.consumer.commit(partition, positions[9] ?? "");
      await topics.delete(name);
      await waitFor("the end of the topic", () => !reader.partitions.has(`${name}/0`));
      await topics.publish(other, numberedEvents(0, 5));
      await reader.received(5, other);
      expect(await topics.list()).not.toContain(name);
      await topics.create(name, {});
      await topics.publish(name, numberedEvents(10, 15));
      await reader.received(15, name);
      expect(reader.numbers(name)).toEqual(range(0, 15));
      expect(reader.turns.filter((turn) => turn.includes(other))).toEqual([`+${other}/0`]);
    },
  },
  {
    name: "a position of a deleted topic leaves out nothing of the one that is made in its place",
    async run({ topics, topic, member, unique }) {
      const [name, group] = [await topic(), unique("group")];
      await topics.publish(name, numberedEvents(0, 100));
      const stored = new Map<string, string>();
      const options = { stored: ({ source }: { source: string }) => stored.get(source) };
      const before = member(group, { [name]: "oldest" }, options);
      await before.received(100);
      for (const { partition, event } of before.events) stored.set(partition.source, event.position);
      await before.consumer.stop();
      await topics.delete(name);
      await topics.create(name, {});
      await topics.publish(name, numberedEvents(100, 110));
      const after = member(group, { [name]: "oldest" }, options);
      await after.received(10);
      expect(after.numbers()).toEqual(range(100, 110));
    },
  },
];
