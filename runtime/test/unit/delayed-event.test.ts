import fc from "fast-check";
import { expect, test } from "vitest";
import { type DelayedTopicEvent, readDelayed, writeDelayed } from "../../src/triggers/topic/delayed-event.ts";

const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
const delayedEvents: fc.Arbitrary<DelayedTopicEvent> = fc.record({
  topic: fc.string(),
  partition: fc.nat(),
  attempts: fc.nat(),
  event: fc.record({
    position: fc.string(),
    timestamp: fc.nat({ max: 2 ** 31 }),
    key: fc.option(bytes),
    headers: fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true }),
    body: bytes,
  }),
});

test("any event comes back as it was, byte for byte", () => {
  fc.assert(
    fc.property(delayedEvents, (delayed) => {
      expect(readDelayed(writeDelayed(delayed))).toEqual(delayed);
    }),
  );
});

const written = writeDelayed({
  topic: "t",
  partition: 0,
  attempts: 2,
  event: { position: "5-0", timestamp: 1, key: null, headers: { a: "b" }, body: Buffer.from("{}") },
});

test("the same event is the same text, so that it can be found and taken out", () => {
  const again = readDelayed(written);
  if (again === undefined) throw new Error("it cannot be read");
  expect(writeDelayed(again)).toBe(written);
});

test("a header may have any name", () => {
  const headers = JSON.parse('{"__proto__":"a","":"b","constructor":"c"}');
  const event = { position: "5-0", timestamp: 1, key: null, headers, body: Buffer.from("{}") };
  const read = readDelayed(writeDelayed({ topic: "t", partition: 0, attempts: 0, event }));
  expect(Object.entries(read?.event.headers ?? {})).toEqual(Object.entries(headers));
});

test.each([
  ["what is no JSON", "hello"],
  ["what is no object", "[1]"],
  ["nothing", ""],
  ...["topic", "partition", "position", "timestamp", "key", "headers", "attempts", "event"].map(
    (field) =>
      [`one without ${field}`, JSON.stringify({ ...JSON.parse(written), [field]: undefined })] as const,
  ),
  ["attempts below none", JSON.stringify({ ...JSON.parse(written), attempts: -1 })],
  ["headers that are a list", JSON.stringify({ ...JSON.parse(written), headers: ["a"] })],
  ["headers that are none", JSON.stringify({ ...JSON.parse(written), headers: null })],
  ["a header that is no text", JSON.stringify({ ...JSON.parse(written), headers: { a: 1 } })],
] as const)("%s is a stranger's", (_, text) => {
  expect(readDelayed(text)).toBeUndefined();
});
