import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "@gaugelet/testing/wait";
import { expect, test } from "vitest";
import { useTopics } from "../topics/functions/topics-under-test.ts";
import { startFunctions } from "./functions.ts";
import { type StartedRuntime, useRuntime } from "./harness.ts";

const runtime = useRuntime();
const topics = useTopics(runtime);

const COUNTS = `def handler(input, context):
    context.env["count"] = context.env.get("count", 0) + 1
    return {"count": context.env["count"]}
`;
const LISTS = `def handler(input, context):
    context.env.setdefault("all", []).append(input["n"])
    return {"all": context.env["all"]}
`;
const FUNCTIONS = [{ name: "f", code: COUNTS, triggers: [{ topic: "t", start: "oldest" }, { http: true }] }];

/** One more runtime with the same functions. */
const startSecond = (): Promise<StartedRuntime> =>
  runtime.start({ GAUGELET_CONFIG: join(runtime.folder, "gaugelet.yaml"), GAUGELET_PRELOAD: "" });

const ready = async ({ ports }: StartedRuntime) => {
  const response = await fetch(`http://127.0.0.1:${ports.management}/readyz`);
  return { status: response.status, text: await response.text() };
};

test("a standby is ready, says who owns the function, has its workers, and handles nothing", async () => {
  const owner = await startFunctions(runtime, FUNCTIONS);
  await waitFor("the owner", async () => (await ready(owner)).status === 200);
  const standby = await startSecond();
  await standby.logged("another runtime owns the function");
  await waitFor("the standby", async () => (await ready(standby)).status === 200);
  expect((await ready(owner)).text).toBe("redis: up\nfunction f: ready\n");
  expect((await ready(standby)).text).toMatch(
    new RegExp(`^redis: up\nfunction f: ready, standing by \\(owner: process ${process.pid} on .+\\)\n$`),
  );
  await topics.publish("t", [{}, {}, {}]);
  await runtime.output(({ count }) => count === 3, "f");
  await sleep(500);
  expect(await owner.metric('gaugelet_function_invocations_total{function="f",outcome="ok"}')).toBe(3);
  expect(await standby.metric('gaugelet_function_invocations_total{function="f",outcome="ok"}')).toBe(0);
  expect(await standby.metric('gaugelet_workers{function="f",state="ready"}')).toBe(1);
});

test("a call to a standby is told who owns the function, and one to the owner is answered", async () => {
  const owner = await startFunctions(runtime, FUNCTIONS);
  await waitFor("the owner", async () => (await ready(owner)).status === 200);
  const standby = await startSecond();
  await standby.logged("another runtime owns the function");
  const call = async ({ ports }: StartedRuntime) => {
    const response = await fetch(`http://127.0.0.1:${ports.status}/functions/f`, {
      method: "POST",
      body: "{}",
    });
    return { status: response.status, text: await response.text() };
  };
  expect(await call(owner)).toEqual({ status: 200, text: '{"count":1}' });
  const refused = await call(standby);
  expect(refused.status).toBe(503);
  expect(refused.text).toContain(`another runtime owns the function: process ${process.pid} on `);
});

test("a standby becomes the owner when the owner stops, and goes on with what is stored", async () => {
  const owner = await startFunctions(runtime, FUNCTIONS);
  await waitFor("the owner", async () => (await ready(owner)).status === 200);
  const standby = await startSecond();
  await standby.logged("another runtime owns the function");
  await topics.publish("t", [{}, {}]);
  await runtime.output(({ count }) => count === 2, "f");
  await owner.stop();
  const stopped = performance.now();
  await topics.publish("t", [{}]);
  await runtime.output(({ count }) => count === 3, "f");
  expect(performance.now() - stopped).toBeLessThan(2_000);
  await standby.logged("this runtime owns the function now");
  expect((await ready(standby)).text).toBe("redis: up\nfunction f: ready\n");
});

test("a standby that reads other topics than the owner misses nothing of them from its first look on", async () => {
  await topics.publish("before", [{ n: 0 }]);
  await topics.publish("after", [{ n: 0 }]);
  const owner = await startFunctions(runtime, [{ name: "f", code: LISTS, triggers: [{ topic: "before" }] }]);
  await waitFor("the owner", async () => (await ready(owner)).status === 200);
  const file = await runtime.write(
    "renamed.yaml",
    JSON.stringify({
      functions: [
        {
          name: "f",
          source: join(runtime.folder, "f.py"),
          handler: "f.handler",
          triggers: [{ topic: "after" }, { topic: "made-later" }],
          output: { key: "f" },
        },
      ],
    }),
  );
  const standby = await runtime.start({ GAUGELET_CONFIG: file, GAUGELET_PRELOAD: "" });
  await standby.logged("another runtime owns the function");
  await sleep(500);
  await topics.publish("after", [{ n: 1 }, { n: 2 }]);
  await topics.publish("made-later", [{ n: 3 }]);
  await owner.stop();
  await standby.logged("this runtime owns the function now");
  await runtime.output(({ all }) => (all as number[]).includes(3) && (all as number[]).length >= 3, "f");
  await topics.publish("after", [{ n: 4 }]);
  const { all } = await runtime.output(({ all }) => (all as number[]).includes(4), "f");
  expect((all as number[]).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4]);
});

test("a runtime that does not know yet who owns a function is not ready", async () => {
  await runtime.redis.crash();
  const started = await startFunctions(runtime, FUNCTIONS);
  await started.logged("no connection to Redis");
  expect((await ready(started)).status).toBe(503);
  await runtime.redis.restart();
  await waitFor("to be ready", async () => (await ready(started)).status === 200);
});
