import { waitFor } from "@gaugelet/testing/wait";
import { expect, test } from "vitest";
import { useTopics } from "../topics/functions/topics-under-test.ts";
import { outputOf, startFunctions } from "./functions.ts";
import { useRuntime } from "./harness.ts";

const runtime = useRuntime();
const topics = useTopics(runtime);

const NICE = `import os
def handler(input, context):
    return {"nice": os.nice(0)}
`;

test("workers of a lesser class are nice to those of a greater one, and to nobody where there is none", async () => {
  const functions = [
    { name: "standard", code: NICE },
    { name: "premium", code: NICE, class: "premium" },
    { name: "half", code: NICE, class: 2 },
  ];
  const started = await startFunctions(runtime, functions);
  const nice = async (name: string) => outputOf(await started.call(name, {})).nice;
  // 1.25 to the power of 6 is 3.8, of 3 it is 2.
  expect([await nice("standard"), await nice("premium"), await nice("half")]).toEqual([6, 0, 3]);
  await started.stop();
  const alone = await startFunctions(runtime, functions.slice(0, 1));
  expect(outputOf(await alone.call("standard", {})).nice).toBe(0);
});

test("of one processor a premium worker has most, also where the kernel goes by sessions", async () => {
  const code = `import os, time
def handler(input, context):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    begin, end = time.process_time(), time.monotonic() + 1.5
    while time.monotonic() < end:
        pass
    return {"seconds": time.process_time() - begin}
`;
  const functions = [
    { name: "standard", code },
    { name: "premium", code, class: "premium" },
  ];
  const started = await startFunctions(runtime, functions);
  const seconds = await Promise.all(
    ["standard", "premium"].map(async (name) => outputOf(await started.call(name, {})).seconds as number),
  );
  const [standard = 0, premium = 0] = seconds;
  // By weight it is four to one.
  expect(premium / standard).toBeGreaterThan(2);
});

test("where one worker may be busy at a time, premium functions have most of it, and none starves", async () => {
  const code = `import time
def handler(input, context):
    context.env["n"] = context.env.get("n", 0) + 1
    time.sleep(0.004)
    return {"n": context.env["n"]}
`;
  const of = (name: string, more: object = {}) => ({
    name,
    code,
    triggers: [{ topic: "t", start: "oldest" }],
    ...more,
  });
  await topics.publish(
    "t",
    Array.from({ length: 3_000 }, (_, n) => ({ n })),
  );
  const functions = [of("a"), of("b"), of("premium", { class: "premium" })];
  await startFunctions(runtime, functions, { GAUGELET_BUSY_WORKERS: "1" });
  const handled = async (name: string): Promise<number> => {
    const text = await runtime.redis.client.get(name);
    return text === null ? 0 : (JSON.parse(text) as { n: number }).n;
  };
  await waitFor("the premium function", async () => (await handled("premium")) >= 600, 60);
  const [a, b, premium] = await Promise.all(["a", "b", "premium"].map(handled));
  // By weight it is four to one; workers do not start at the same moment.
  expect(premium).toBeGreaterThan(2 * Math.max(a ?? 0, b ?? 0));
  expect(Math.min(a ?? 0, b ?? 0)).toBeGreaterThan(20);
});

test("a runtime serves the classes that its file says, and tells which functions it leaves to others", async () => {
  const file = await runtime.write(
    "gaugelet.yaml",
    JSON.stringify({
      serves: { classes: ["premium"] },
      functions: [
        {
          name: "standard",
          source: await runtime.write("s.py", NICE),
          handler: "s.handler",
          triggers: [{ http: true }],
        },
        {
          name: "premium",
          class: "premium",
          source: await runtime.write("p.py", NICE),
          handler: "p.handler",
          triggers: [{ http: true }],
        },
      ],
    }),
  );
  const started = await runtime.start({ GAUGELET_CONFIG: file, GAUGELET_PRELOAD: "" });
  expect(started.functions.map(({ definition }) => definition.name)).toEqual(["premium"]);
  await started.logged("left to other runtimes: standard");
});
