import { waitFor } from "@gaugelet/testing/wait";
import { expect, test } from "vitest";
import { startFunctions } from "../../integration/functions.ts";
import { useRuntime } from "../../integration/harness.ts";
import { useTopics } from "./topics-under-test.ts";

const runtime = useRuntime();
const topics = useTopics(runtime);

/** Keeps how many events came with each call, and their numbers. */
const LISTS = `def handler(input, context):
    sizes = context.env.setdefault("sizes", [])
    numbers = context.env.setdefault("numbers", [])
    if any(each.get("poison") for each in input):
        raise ValueError("poison")
    sizes.append(len(input))
    numbers.extend(each["n"] for each in input)
    offsets = [each["offset"] for each in context.events]
    return {"sizes": sizes, "numbers": numbers, "offsets": offsets, "last": context.offset}
`;

const numbers = (from: number, to: number): { n: number }[] =>
  Array.from({ length: to - from + 1 }, (_, index) => ({ n: from + index }));

test("a handler gets a list of as many as there are, up to the size, and what is there when the time is up", async () => {
  const trigger = { topic: "t", start: "oldest", batch: { size: 10, wait: "300ms", list: true } };
  await startFunctions(runtime, [{ name: "f", code: LISTS, triggers: [trigger] }]);
  const positions = await topics.publish("t", numbers(1, 25));
  const output = await runtime.output(({ numbers: seen }) => (seen as number[]).length === 25, "f");
  expect(output.sizes).toEqual([10, 10, 5]);
  expect(output.numbers).toEqual(numbers(1, 25).map(({ n }) => n));
  expect(output.offsets).toEqual(positions.slice(20));
  expect(output.last).toBe(positions.at(-1));
});

test("of a list that fails each event is tried by itself, and only the one at fault is put aside", async () => {
  const trigger = {
    topic: "t",
    start: "oldest",
    batch: { size: 5, wait: "200ms", list: true },
    retries: { attempts: 2, backoff: { from: "10ms", to: "10ms" } },
  };
  await startFunctions(runtime, [{ name: "f", code: LISTS, triggers: [trigger] }]);
  await topics.publish("t", [...numbers(1, 7), { n: 8, poison: true }, ...numbers(9, 12)]);
  const output = await runtime.output(({ numbers: seen }) => (seen as number[]).length === 11, "f");
  expect(output.numbers).toEqual([1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12]);
  expect(output.sizes).toEqual([5, 1, 1, 1, 1, 2]);
  const letters = await waitFor("the letter", async () => {
    const found = await topics.deadLetters("f");
    return found.length === 1 ? found : undefined;
  });
  expect(letters[0]).toMatchObject({ event: '{"n":8,"poison":true}', attempts: "2" });
});

test.each(["no JSON", '{"n":7},{"n":8}', ""])(
  "of a list with one that is no JSON the others are handled: %j",
  async (body) => {
    const trigger = { topic: "t", start: "oldest", batch: { size: 3, wait: "200ms", list: true } };
    await startFunctions(runtime, [{ name: "f", code: LISTS, triggers: [trigger] }]);
    await topics.publish("t", [{ n: 1 }, body, { n: 3 }]);
    expect(
      (await runtime.output(({ numbers: seen }) => (seen as number[]).length === 2, "f")).numbers,
    ).toEqual([1, 3]);
    expect(await topics.deadLetters("f")).toMatchObject([{ event: body }]);
  },
);

test("a handler is told of the event, in each language", async () => {
  const python = `def handler(input, context):
    return {name: getattr(context, name) for name in ("topic", "partition", "offset", "key", "headers", "event_id", "attempt", "timestamp")}
`;
  const javascript = `export function handler(input, context) {
    const { topic, partition, offset, key, headers, event_id, attempt, timestamp } = context;
    return { topic, partition, offset, key, headers, event_id, attempt, timestamp };
  }`;
  const triggers = [{ topic: "t", start: "oldest" }];
  await startFunctions(runtime, [
    { name: "p", code: python, triggers },
    { name: "j", language: "javascript", code: javascript, triggers },
  ]);
  const before = Date.now();
  const [position] = await topics.publish("t", [{ n: 1 }], { key: "node-1", headers: { trace: "ü" } });
  for (const name of ["p", "j"]) {
    const output = await runtime.output(() => true, name);
    expect(output).toMatchObject({
      topic: "t",
      partition: 0,
      offset: position,
      key: "node-1",
      headers: { trace: "ü" },
      event_id: `t/0/${position}`,
      attempt: 1,
    });
    expect(output.timestamp).toBeGreaterThanOrEqual(before - 1000);
  }
});
