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
  const lists = events.map((event) => [event]);
  for (const list of lists) feed.expect(list);
  expect(told).toEqual(["pause"]);
  for (const list of lists) feed.addExpected(list, []);
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

test("the oldest event is told wherever it is: not known yet, waiting, next, or under way", () => {
  const at = (timestamp: number) => eventsOf(1).map((event) => ({ ...event, timestamp }));
  const [older, newer] = [at(1), at(2)];
  expect(feed.oldest).toBeUndefined();
  feed.expect(older);
  feed.expect(newer);
  expect(feed.oldest).toBe(1);
  feed.addExpected(older, older);
  expect(feed.oldest).toBe(1);
  feed.peek(performance.now());
  expect(feed.oldest).toBe(1);
  const delivery = feed.take();
  expect(feed.oldest).toBe(1);
  if (delivery !== undefined) feed.over(delivery);
  expect(feed.oldest).toBe(2);
  feed.addExpected(newer, []);
  expect(feed.oldest).toBeUndefined();
});
