import { expect } from "vitest";
import { type NewEvent, TopicError } from "../../../../src/topics/topics.ts";
import { numbered, numberedEvents, range, type TopicsCase } from "../case.ts";

const ALL_BYTES = Buffer.from(range(0, 256));

/** What is published comes as it was. */
export const PUBLISHING: readonly TopicsCase[] = [
  {
    name: "an event comes with body, position and time",
    async run({ topics, topic, member, unique }) {
      const name = await topic();
      const before = Date.now();
      const positions = await topics.publish(name, [numbered(7)]);
      const after = Date.now();
      const reader = member(unique("group"), { [name]: "oldest" });
      await reader.received(1);
      const event = reader.events[0]?.event;
      expect(event).toMatchObject({ key: null, headers: {}, position: positions[0] });
      expect(event?.body).toEqual(Buffer.from("7"));
      expect(event?.timestamp).toBeGreaterThanOrEqual(before);
      expect(event?.timestamp).toBeLessThanOrEqual(after);
    },
  },
  {
    name: "no events are no trouble",
    async run({ topics, topic }) {
      expect(await topics.publish(await topic(), [])).toEqual([]);
    },
  },
  {
    name: "each event of a batch has a position of its own, in order",
    async run({ topics, topic, member, unique }) {
      const name = await topic();
      const positions = await topics.publish(name, numberedEvents(0, 1_234));
      expect(new Set(positions).size).toBe(1_234);
      const reader = member(unique("group"), { [name]: "oldest" });
      await reader.received(1_234);
      expect(reader.events.map(({ event }) => event.position)).toEqual(positions);
      expect(reader.numbers()).toEqual(range(0, 1_234));
    },
  },
  {
    name: "bytes, keys and headers of any kind come as they were",
    async run({ topics, topic, member, unique }) {
      const events: NewEvent[] = [
        { body: ALL_BYTES, key: ALL_BYTES, headers: { "Ünïcode name": "välue \u0000 \n 雪", empty: "" } },
        { body: Buffer.alloc(0), key: null, headers: {} },
        { body: Buffer.from("event"), key: Buffer.from("key"), headers: {} },
        { body: Buffer.from("headers"), key: null, headers: { event: "a", key: "b", headers: "{}" } },
        { body: Buffer.from("{}"), key: Buffer.from("0"), headers: { __proto__x: "1", constructor: "2" } },
      ];
      const name = await topic();
      await topics.publish(name, events);
      const reader = member(unique("group"), { [name]: "oldest" });
      await reader.received(events.length);
      const came = reader.events.map(({ event: { body, key, headers } }) => ({
        body: Buffer.from(body),
        key: key === null ? null : Buffer.from(key),
        headers: { ...headers },
      }));
      expect(came).toEqual(events);
    },
  },
  {
    name: "bodies of 1 MB come whole, among small ones",
    async run({ topics, topic, member, unique }) {
      const large = Buffer.alloc(1_000_000, ALL_BYTES);
      const events = range(0, 40).map((at) => ({
        body: at % 2 === 0 ? large : Buffer.from(String(at)),
        key: null,
        headers: {},
      }));
      const name = await topic();
      await topics.publish(name, events);
      const reader = member(unique("group"), { [name]: "oldest" });
      await reader.received(events.length);
      for (const [at, { event }] of reader.events.entries()) {
        expect(events[at]?.body.equals(event.body)).toBe(true);
      }
    },
  },
  {
    name: "events with one key are in one partition, and in order",
    async run({ engine, topics, topic, member, unique }) {
      const name = await topic({ partitions: Math.min(4, engine.mostPartitions) });
      const keys = ["a", "b", "c", "d", "e", "f", "g"];
      const events = range(0, 700).map((at) => numbered(at, keys[at % keys.length]));
      for (let at = 0; at < events.length; at += 100) await topics.publish(name, events.slice(at, at + 100));
      const reader = member(unique("group"), { [name]: "oldest" });
      await reader.received(700);
      for (const [at, key] of keys.entries()) {
        const mine = reader.events.filter(({ event }) => event.key?.toString() === key);
        expect(new Set(mine.map(({ partition }) => partition.number)).size).toBe(1);
        expect(mine.map(({ event }) => Number(event.body.toString()))).toEqual(
          range(0, 100).map((round) => round * keys.length + at),
        );
      }
    },
  },
  {
    name: "events that are published at the same time all come, each once",
    async run({ topics, topic, member, unique, connect }) {
      const name = await topic();
      const producers = [topics, connect(), connect()];
      await Promise.all(
        range(0, 60).map(async (at) => {
          await producers[at % producers.length]?.publish(name, numberedEvents(10 * at, 10 * at + 10));
        }),
      );
      const reader = member(unique("group"), { [name]: "oldest" });
      await reader.received(600);
      expect(reader.numbers().sort((a, b) => a - b)).toEqual(range(0, 600));
    },
  },
  {
    name: "a topic that does not exist is made, or said to be unknown",
    async run({ topics, unique }) {
      const name = unique("unmade");
      const result: unknown = await topics.publish(name, [numbered(0)]).catch((error: unknown) => error);
      if (result instanceof Error) {
        expect(result).toBeInstanceOf(TopicError);
        expect(result).toMatchObject({ code: "unknown-topic" });
        expect(await topics.list()).not.toContain(name);
      } else {
        expect(result).toHaveLength(1);
        expect((await topics.describe(name)).partitions.reduce((sum, { events }) => sum + events, 0)).toBe(1);
      }
    },
  },
];
