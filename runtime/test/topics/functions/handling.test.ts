import { positionKey } from "@gaugelet/shared/keys";
import { waitFor } from "@gaugelet/testing/wait";
import { beforeEach, describe, expect, test } from "vitest";
import { TOPIC_ENGINES } from "../../../src/topics/topics.ts";
import { startFunctions } from "../../integration/functions.ts";
import { useRuntime } from "../../integration/harness.ts";
import { useTopics } from "./topics-under-test.ts";

/** Keeps the numbers of the events that it handled. */
const KEEPS = `def handler(input, context):
    numbers = context.env.setdefault("numbers", [])
    numbers.append(input["n"])
    if input.get("fail", 0) >= context.attempt:
        raise ValueError("no luck")
    return {"numbers": numbers, "attempt": context.attempt}
`;

const numbers = (from: number, to: number): { n: number }[] =>
  Array.from({ length: to - from + 1 }, (_, index) => ({ n: from + index }));

describe.each(TOPIC_ENGINES)("a function bound to a topic on %s", (engine) => {
  const runtime = useRuntime();
  const topics = useTopics(runtime, engine);
  let t = "";
  beforeEach(async () => {
    t = topics.named("t");
    await topics.make(t);
  });
  const start = (functions: Parameters<typeof startFunctions>[1]) =>
    startFunctions(runtime, functions, topics.environment);

  test("handles each event once, in order", async () => {
    await start([{ name: "f", code: KEEPS, triggers: [{ topic: t, start: "oldest" }] }]);
    await topics.publish(t, numbers(1, 500));
    const output = await runtime.output(({ numbers: seen }) => (seen as number[]).length === 500, "f");
    expect(output.numbers).toEqual(numbers(1, 500).map(({ n }) => n));
    const [source] = Object.keys(await runtime.redis.client.hgetall(positionKey("f")));
    expect(source).toMatch(engine === "redis" ? /^stream:t$/ : /^kafka:t-\d+@[0-9a-f-]+:0$/);
  });

  test("goes on after a restart where it was", async () => {
    const first = await start([{ name: "f", code: KEEPS, triggers: [{ topic: t, start: "oldest" }] }]);
    await topics.publish(t, numbers(1, 3));
    await runtime.output(({ numbers: seen }) => (seen as number[]).length === 3, "f");
    await first.stop();
    await topics.publish(t, numbers(4, 6));
    await start([{ name: "f", code: KEEPS, triggers: [{ topic: t, start: "oldest" }] }]);
    const output = await runtime.output(({ numbers: seen }) => (seen as number[]).length === 6, "f");
    expect(output.numbers).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test("takes env back to what it was, tries an event again, and goes on", async () => {
    const trigger = {
      topic: t,
      start: "oldest",
      retries: { attempts: 4, backoff: { from: "50ms", to: "100ms" } },
    };
    await start([{ name: "f", code: KEEPS, triggers: [trigger] }]);
    await topics.publish(t, [...numbers(1, 20), { n: 21, fail: 2 }, ...numbers(22, 40)]);
    const output = await runtime.output(({ numbers: seen }) => (seen as number[]).at(-1) === 40, "f");
    expect(output.numbers).toEqual(numbers(1, 40).map(({ n }) => n));
    expect(await topics.deadLetters("f")).toEqual([]);
  });

  test("puts an event aside that fails each time, and one that is no JSON, and goes on", async () => {
    const trigger = {
      topic: t,
      start: "oldest",
      retries: { attempts: 3, backoff: { from: "20ms", to: "50ms" } },
    };
    await start([{ name: "f", code: KEEPS, triggers: [trigger] }]);
    await topics.publish(t, [...numbers(1, 5), { n: 6, fail: 9 }, "no JSON", ...numbers(7, 10)]);
    const output = await runtime.output(({ numbers: seen }) => (seen as number[]).at(-1) === 10, "f");
    expect(output.numbers).toEqual([1, 2, 3, 4, 5, 7, 8, 9, 10]);
    const letters = await waitFor("both letters", async () => {
      const found = await topics.deadLetters("f");
      return found.length === 2 ? found : undefined;
    });
    expect(letters[0]).toMatchObject({
      event: '{"n":6,"fail":9}',
      error: expect.stringContaining("no luck"),
      details: expect.stringContaining("Traceback"),
      attempts: "3",
      topic: t,
      partition: "0",
      headers: "{}",
      outputKey: "f",
    });
    expect(letters[1]).toMatchObject({ event: "no JSON", attempts: "1" });
  });

  test("lets other events pass one that is tried again, where it has no env", async () => {
    const code = `def handler(input, context):
    if input.get("fail", 0) >= context.attempt:
        raise ValueError("no luck")
    return {"n": input["n"], "attempt": context.attempt}
`;
    const trigger = {
      topic: t,
      start: "oldest",
      retries: { attempts: 3, backoff: { from: "1s", to: "1s" } },
    };
    await start([{ name: "f", code, state: "none", triggers: [trigger] }]);
    await topics.publish(t, [{ n: 1, fail: 1 }, { n: 2 }, { n: 3, fail: 9 }, { n: 4 }]);
    await runtime.output(({ n }) => n === 4, "f");
    await runtime.output(({ n, attempt }) => n === 1 && attempt === 2, "f");
    const letters = await waitFor("the letter", async () => {
      const found = await topics.deadLetters("f");
      return found.length === 1 ? found : undefined;
    });
    expect(letters[0]).toMatchObject({ event: '{"n":3,"fail":9}', attempts: "3", topic: t });
    expect(await runtime.redis.client.zcard("gaugelet:delayed:{f}")).toBe(0);
  });

  test("publishes its outputs onward, along a chain of three", async () => {
    const add = (name: string) => `def handler(input, context):
    return {"n": input["n"], "by": input.get("by", []) + ["${name}"]}
`;
    const [ab, bc] = [topics.named("ab"), topics.named("bc")];
    const from = (topic: string) => [{ topic, start: "oldest" }];
    await start([
      { name: "a", code: add("a"), triggers: from(t), output: { key: "a", topics: [ab] } },
      { name: "b", code: add("b"), triggers: from(ab), output: { key: "b", topics: [bc] } },
      { name: "c", code: add("c"), triggers: from(bc), output: { key: "c" } },
    ]);
    await topics.publish(t, numbers(1, 50));
    expect(await runtime.output(({ n }) => n === 50, "c")).toEqual({ n: 50, by: ["a", "b", "c"] });
  });

  test("stops a loop, and says so", async () => {
    const code = `def handler(input, context):
    return {"n": input["n"] + 1}
`;
    await start([
      { name: "f", code, triggers: [{ topic: t, start: "oldest" }], output: { key: "f", topics: [t] } },
    ]);
    await topics.publish(t, [{ n: 0 }]);
    const letters = await waitFor("the letter", async () => {
      const found = await topics.deadLetters("f");
      return found.length === 1 ? found : undefined;
    });
    expect(letters[0]?.error).toMatch(
      /^the event has come through 17 functions, more than 16: output.topics/,
    );
    expect((await runtime.output(() => true, "f")).n).toBe(17);
  });
});
