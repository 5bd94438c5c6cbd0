import { beforeEach, expect, test } from "vitest";
import type { Partition, TopicEvent } from "../../src/topics/topics.ts";
import { PartitionFeed } from "../../src/triggers/topic/partition-feed.ts";

/** More than may wait. */
const TOO_MANY = 1_001;

const partition: Partition = { topic: "t", number: 0, source: "t:0" };
let told: string[];
let feed: PartitionFeed;

beforeEach(() => {
  told = [];
  feed = feedOf();
});

function feedOf(batch?: { size: number; wait: number; list: boolean }): PartitionFeed {
  return new PartitionFeed({
    partition,
    shard: "",
    spec: { retries: { attempts: 1, backoff: { from: 0, to: 0 } }, batch },
    weight: 1,
    consumer: () => ({
      pause: () => told.push("pause"),
      resume: () => told.push("resume"),
      rewind: () => {},
      commit: () => {},
    }),
    hasNumericOffsets: true,
    onReady: () => {},
  });
}

const eventsOf = (count: number, bytes = 2): TopicEvent[] =>
  Array.from({ length: count }, (_, index) => ({
    body: Buffer.alloc(bytes, "1"),
    key: null,
    headers: {},
    position: String(index),
    timestamp: 0,
  }));

test.each([
  ["events", eventsOf(TOO_MANY)],
  ["bytes", eventsOf(3, 1024 ** 2)],
])("a partition is paused for %s that are not known yet, until half of them are left out", (_, events) => {
  for (const event of events) feed.expect([event]);
  expect(told).toEqual(["pause"]);
  for (const event of events) feed.addExpected([event], []);
  expect(told).toEqual(["pause", "resume"]);
  expect(feed.peek(performance.now())).toBeUndefined();
});

test("events that were expected keep their partition paused until half of them are taken", () => {
  const events = eventsOf(TOO_MANY);
  feed.expect(events);
  feed.addExpected(events, events);
  expect(told).toEqual(["pause"]);
  for (let taken = 0; told.length === 1; taken += 1) {
    expect(taken).toBeLessThan(TOO_MANY);
    expect(feed.peek(performance.now())?.event.source).toBe("t:0");
    feed.take();
  }
  expect(told).toEqual(["pause", "resume"]);
});

test("a batch does not begin with events that are expected", () => {
  feed = feedOf({ size: 2, wait: 60, list: true });
  const events = eventsOf(2);
  feed.expect(events);
  feed.add(eventsOf(1));
  expect(feed.peek(performance.now())).toBeUndefined();
  feed.addExpected(events, events);
  expect(feed.peek(performance.now())?.entry?.size).toBe(2);
  feed.close();
});

test("a feed that is closed meanwhile does not resume what another one reads now", () => {
  const events = eventsOf(TOO_MANY);
  feed.expect(events);
  feed.close();
  feed.addExpected(events, []);
  expect(told).toEqual(["pause"]);
});
