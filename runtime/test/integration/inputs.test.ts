import { describe, expect, test } from "vitest";
import { useRuntime } from "./harness.ts";

const runtime = useRuntime();
const ECHO = "def handler(input, context):\n    return {'n': input['n']}\n";

const REJECTED: [what: string, bytes: string | Buffer, message: RegExp][] = [
  ["is empty", "", /the input is empty; a JSON object was expected/],
  ["is blank", " \n", /the input is empty/],
  ["is not JSON", "hello", /the input is not JSON: .*it begins with b'hello'/],
  ["is cut off", '{"n": 1', /the input is not JSON/],
  ["is a list", "[1]", /the input is a value of type list; a JSON object was expected/],
  ["is null", "null", /the input is None; a JSON object was expected/],
  ["is not UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), /the input is not JSON/],
  ["is nested 200,000 deep", `${'{"a":'.repeat(200_000)}1${"}".repeat(200_000)}`, /nested too deeply/],
  ["is 20 MB of no JSON", "x".repeat(20_000_000), /the input is not JSON/],
];

describe("an input that is none is rejected with its reason, and the next one is handled", () => {
  test.each(REJECTED)("%s", async (_what, bytes, message) => {
    const started = await runtime.dropIn(ECHO);
    await runtime.input({ n: 1 });
    await runtime.output(({ n }) => n === 1);
    await runtime.input(bytes);
    const line = await started.logged(message);
    expect(line.level).toBe("error");
    expect(
      await started.metric('gaugelet_function_invocations_total{function="out",outcome="rejected"}'),
    ).toBe(1);
    expect(JSON.parse((await runtime.redis.client.get("out")) ?? "")).toEqual({ n: 1 });
    await runtime.input({ n: 2 });
    await runtime.output(({ n }) => n === 2);
  });
});

test("20 MB of JSON is handled", async () => {
  await runtime.dropIn("def handler(input, context):\n    return {'length': len(input['text'])}\n");
  await runtime.input({ text: "x".repeat(20_000_000) });
  expect(await runtime.output()).toEqual({ length: 20_000_000 });
});

test("more than the largest input is explained", async () => {
  const started = await runtime.dropIn(ECHO);
  await runtime.input("x".repeat(65 * 1024 ** 2));
  await started.logged(/cannot read the input key metrics: it holds more than 64\.0 MiB, the largest input/);
  await runtime.input({ n: 2 });
  await runtime.output(({ n }) => n === 2);
});

test("an input key of the wrong type is explained, and read once it is a string", async () => {
  await runtime.redis.client.lpush("metrics", "x");
  const started = await runtime.dropIn(ECHO);
  await started.logged(
    /cannot read the input key metrics: WRONGTYPE.*the key holds another type than a string/,
  );
  await runtime.redis.client.del("metrics");
  await runtime.input({ n: 1 });
  await runtime.output(({ n }) => n === 1);
});

test("NaN and integers beyond 64 bits, as Python's json writes them, reach the handler", async () => {
  await runtime.dropIn(
    "def handler(input, context):\n    return {'isnan': input['a'] != input['a'], 'big': str(input['b'])}\n",
  );
  await runtime.input('{"a": NaN, "b": 123456789012345678901234567890}');
  expect(await runtime.output()).toEqual({ isnan: true, big: "123456789012345678901234567890" });
});
