import fc from "fast-check";
import { expect, test } from "vitest";
import { topicHead } from "../../src/workers/topic-head.ts";

const headed = fc.record({
  position: fc.bigInt({ min: 0n, max: 2n ** 53n - 1n }).map(String),
  timestamp: fc.nat(),
  key: fc.option(
    fc.string({ unit: "binary" }).map((text) => Buffer.from(text)),
    { nil: null },
  ),
  headers: fc.dictionary(fc.string(), fc.string({ unit: "binary" }), { noNullPrototype: true }),
});

type Headed = typeof headed extends fc.Arbitrary<infer Value> ? Value : never;

/** The same as an object. */
function context({ position, timestamp, key, headers }: Headed, isNumeric: boolean): object {
  const id = headers["gaugelet-event-id"];
  return {
    offset: isNumeric ? Number(position) : position,
    timestamp,
    ...(key === null ? {} : { key: key.toString() }),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    ...(id === undefined ? {} : { eventId: id }),
  };
}

test("a head is the JSON of what it says, whatever that is", () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.nat(),
      fc.boolean(),
      headed,
      fc.integer({ min: 1, max: 9 }),
      fc.option(fc.array(headed, { minLength: 1, maxLength: 3 }), { nil: undefined }),
      (topic, partition, isNumeric, event, attempt, list) => {
        const text = topicHead(topic, partition, isNumeric, event, attempt, list);
        const expected = {
          topic,
          partition,
          ...context(event, isNumeric),
          ...(attempt === 1 ? {} : { attempt }),
          ...(list && { events: list.map((each) => context(each, isNumeric)) }),
        };
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(expected)));
      },
    ),
  );
});

test("the id that a producer gave is said besides its header", () => {
  const headers = { "gaugelet-event-id": 'a>"f"' };
  const event = { position: "1-0", timestamp: 5, key: null, headers };
  expect(JSON.parse(topicHead("t", 0, false, event, 1))).toEqual({
    topic: "t",
    partition: 0,
    offset: "1-0",
    timestamp: 5,
    headers,
    eventId: 'a>"f"',
  });
});
