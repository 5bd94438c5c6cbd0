import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "@gaugelet/testing/wait";
import { expect } from "vitest";
import { numbered, numberedEvents, range, type TopicsCase } from "../case.ts";

/** One member of one group. */
export const CONSUMING: readonly TopicsCase[] = [
  {
    name: "what is published while a member reads comes in order, none lost and none twice",
    async run({ topics, topic, member, unique }) {
      const name = await topic();
      const reader = member(unique("group"), { [name]: "oldest" });
      await reader.assigned();
      for (const at of range(0, 200)) await topics.publish(name, numberedEvents(5 * at, 5 * at + 5));
      await reader.received(1_000);
      await sleep(300);
      expect(reader.numbers()).toEqual(range(0, 1_000));
    },
  },
  {
    name: "a new group begins at the oldest event where it is to",
    async run({ topics, topic, member, unique }) {
      const name = await topic();
      await topics.publish(name, numberedEvents(0, 10));
      const reader = member(unique("group"), { [name]: "oldest" });
      await reader.received(10);
      await topics.publish(name, numberedEvents(10, 20));
      await reader.received(20);
      expect(reader.numbers()).toEqual(range(0, 20));
    },
  },
  {
    name: "a new group begins at the newest event where it is to",
    async run({ topics, topic, member, unique }) {
      const name = await topic();
      await topics.publish(name, numberedEvents(0, 10));
      const reader = member(unique("group"), { [name]: "newest" });
      await reader.assigned();
      let next = 10;
      await waitFor("a first event", async () => {
        await topics.publish(name, [numbered(next)]);
        next += 1;
        return reader.events.length > 0;
      });
      await topics.publish(name, numberedEvents(next, next + 10));
      await waitFor("the last event", () => reader.numbers().includes(next + 9));
      const [first = 0] = reader.numbers();
      expect(first).toBeGreaterThanOrEqual(10);
      expect(reader.numbers()).toEqual(range(first, next + 10));
    },
  },
  {
    name: "a group that began at the newest event does not begin anew when its member comes back",
    async run({ topics, topic, member, unique }) {
      const [name, group] = [await topic(), unique("group")];
      const first = member(group, { [name]: "newest" });
      const [partition] = await first.assigned();
      let next = 0;
      await waitFor("a first event", async () => {
        await topics.publish(name, [numbered(next)]);
        next += 1;
        return first.events.length > 0;
      });
      await first.received(1);
      const last = first.events.at(-1)?.event;
      if (partition !== undefined && last !== undefined) first.consumer.commit(partition, last.position);
      await first.consumer.stop();
      await topics.publish(name, numberedEvents(1_000, 1_010));
      const second = member(group, { [name]: "newest" });
      await waitFor("the last event", () => second.numbers().includes(1_009));
      expect(second.numbers()).toEqual([
        ...range(Number(last?.body.toString()) + 1, next),
        ...range(1_000, 1_010),
      ]);
    },
  },
  {
    name: "a paused partition gives no more than was under way, and the rest once it is resumed",
    async run({ topics, topic, member, unique }) {
      const [name, other] = [await topic(), await topic()];
      const body = Buffer.alloc(2_000, "x");
      const filled = range(0, 20_000).map((at) => ({
        body: Buffer.concat([Buffer.from(`${at} `), body]),
        key: null,
        headers: {},
      }));
      await topics.publish(name, filled);
      let paused = false;
      const reader = member(
        unique("group"),
        { [name]: "oldest", [other]: "oldest" },
        {
          onEvents({ consumer }, partition) {
            if (partition.topic !== name || paused) return;
            paused = true;
            consumer.pause(partition);
          },
        },
      );
      const of = (topic: string) =>
        reader.events
          .filter(({ partition }) => partition.topic === topic)
          .map(({ event }) => Number.parseInt(event.body.toString("latin1", 0, 8), 10));
      await reader.received(1, name);
      await sleep(1_000);
      const underWay = of(name).length;
      expect(underWay).toBeLessThan(20_000);
      await topics.publish(other, numberedEvents(0, 5));
      await reader.received(5, other);
      await sleep(1_500);
      expect(of(name)).toHaveLength(underWay);
      const partition = reader.partitions.get(`${name}/0`);
      if (partition !== undefined) reader.consumer.resume(partition);
      await waitFor("all events", () => of(name).length >= 20_000, 60);
      expect(of(name)).toEqual(range(0, 20_000));
    },
  },
  {
    name: "an idle partition that is resumed gives what was published meanwhile",
    async run({ topics, topic, member, unique }) {
      const name = await topic();
      await topics.publish(name, numberedEvents(0, 5));
      const reader = member(unique("group"), { [name]: "oldest" });
      await reader.received(5);
      const [partition] = await reader.assigned();
      if (partition === undefined) return;
      reader.consumer.pause(partition);
      await sleep(1_000);
      await topics.publish(name, numberedEvents(5, 10));
      await sleep(1_500);
      const before = reader.events.length;
      reader.consumer.resume(partition);
      await reader.received(10);
      expect(before).toBeLessThanOrEqual(10);
      expect(reader.numbers()).toEqual(range(0, 10));
    },
  },
  {
    name: "nothing comes once a member is stopped, and another one goes on",
    async run({ topics, topic, member, unique, connect }) {
      const [name, group] = [await topic(), unique("group")];
      await topics.publish(name, numberedEvents(0, 10));
      const first = member(group, { [name]: "oldest" });
      await first.received(10);
      const [partition] = await first.assigned();
      const last = first.events.at(-1)?.event.position;
      if (partition !== undefined && last !== undefined) first.consumer.commit(partition, last);
      const stopped = first.consumer.stop();
      const before = first.events.length;
      await topics.publish(name, numberedEvents(10, 20));
      await stopped;
      const second = member(group, { [name]: "oldest" }, { topics: connect() });
      await second.received(10);
      expect(second.numbers()).toEqual(range(10, 20));
      expect(first.events).toHaveLength(before);
    },
  },
];
