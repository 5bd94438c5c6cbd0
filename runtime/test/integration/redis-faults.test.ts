import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "@gaugelet/testing/wait";
import { expect, onTestFinished, test, vi } from "vitest";
import { RedisStore } from "../../src/sinks/redis-store.ts";
import { startFunctions } from "./functions.ts";
import { PYTHON, useRuntime } from "./harness.ts";

const runtime = useRuntime();
const COUNTING = `def handler(input, context):
    context.env["calls"] = context.env.get("calls", 0) + 1
    return {"n": input["n"], "calls": context.env["calls"]}
`;

test("Redis away at the start is waited for", async () => {
  await runtime.redis.crash();
  const started = await runtime.dropIn(COUNTING);
  await started.logged(
    /no connection to Redis at 127\.0\.0\.1:\d+, trying on: .*nothing listens there; start Redis or set REDIS_HOST/,
  );
  const ready = await fetch(`http://127.0.0.1:${started.ports.management}/readyz`);
  expect(ready.status).toBe(503);
  expect(await ready.text()).toContain("redis: down");
  expect((await fetch(`http://127.0.0.1:${started.ports.management}/healthz`)).status).toBe(200);
  await runtime.redis.restart();
  await runtime.input({ n: 1 });
  await runtime.output(({ n }) => n === 1);
});

test("Redis going away and coming back loses neither output nor env, and is reported once each way", async () => {
  const started = await runtime.dropIn(COUNTING);
  await runtime.input({ n: 1 });
  await runtime.output(({ n }) => n === 1);
  await runtime.redis.crash();
  await started.logged("no connection to Redis");
  await sleep(1500);
  await runtime.redis.restart();
  expect(JSON.parse((await runtime.redis.client.get("out")) ?? "")).toEqual({ n: 1, calls: 1 });
  await runtime.input({ n: 2 });
  expect(await runtime.output(({ n }) => n === 2)).toEqual({ n: 2, calls: 2 });
  expect(
    started.log.filter(({ msg }) => msg.startsWith("no connection to Redis")).length,
  ).toBeLessThanOrEqual(2);
});

test("a result that is ready while Redis is away is stored when it is back", async () => {
  const marker = `${runtime.folder}/called`;
  await runtime.dropIn(`import pathlib, time
def handler(input, context):
    pathlib.Path("${marker}").write_text("x")
    time.sleep(0.7)
    return {"n": input["n"]}
`);
  await runtime.input({ n: 1 });
  while (!existsSync(marker)) await sleep(5);
  await runtime.redis.crash();
  await sleep(1200);
  await runtime.redis.restart();
  await runtime.output(({ n }) => n === 1);
});

test("a Redis that hangs is waited for", async () => {
  await runtime.dropIn(COUNTING);
  await runtime.input({ n: 1 });
  await runtime.output(({ n }) => n === 1);
  runtime.redis.freeze();
  await sleep(1000);
  runtime.redis.thaw();
  await runtime.input({ n: 2 });
  await runtime.output(({ n, calls }) => n === 2 && calls === 2);
});

test("a Redis that is full keeps the last good output, and stores when there is room", async () => {
  const started = await runtime.dropIn(COUNTING);
  await runtime.input({ n: 1 });
  await runtime.output(({ n }) => n === 1);
  await runtime.input({ n: 2, filler: "x".repeat(200_000) }, "next");
  await runtime.redis.client.config("SET", "maxmemory", "1mb");
  // RENAME needs no memory, so the input changes although Redis is full.
  await runtime.redis.client.rename("next", "metrics");
  await started.logged(
    /cannot store out, trying on: .*OOM command not allowed.*Redis is full; raise maxmemory/,
  );
  expect(JSON.parse((await runtime.redis.client.get("out")) ?? "")).toEqual({ n: 1, calls: 1 });
  await runtime.redis.client.config("SET", "maxmemory", "0");
  expect(await runtime.output(({ n }) => n === 2)).toEqual({ n: 2, calls: 2 });
  await started.logged("could store out again");
});

test("an output that is not stored when the runtime stops is said to be lost", async () => {
  const { client } = runtime.redis;
  const started = await runtime.dropIn(COUNTING);
  await runtime.input({ n: 1 });
  await runtime.output(({ n }) => n === 1);
  expect(started.log.some(({ msg }) => msg.includes("is lost"))).toBe(false);
  await runtime.input({ n: 2, filler: "x".repeat(200_000) }, "next");
  await client.config("SET", "maxmemory", "1mb");
  try {
    await client.rename("next", "metrics");
    await started.logged("cannot store out, trying on");
    await started.stop();
  } finally {
    await client.config("SET", "maxmemory", "0");
  }
  await started.logged("could not store out before the end: what calls over HTTP and ticks came to is lost");
});

test("a Redis that turns read-only keeps the last good output, and stores when it is a primary again", async () => {
  const started = await runtime.dropIn(COUNTING);
  await runtime.input({ n: 1 });
  await runtime.output(({ n }) => n === 1);
  // A replica of nobody who answers: still readable, not writable.
  await runtime.input({ n: 2 });
  await runtime.output(({ n }) => n === 2);
  await runtime.redis.client.call("REPLICAOF", "127.0.0.1", "1");
  const file = await runtime.write("handler.py", COUNTING);
  const other = await runtime.start({ REDIS_OUTPUT_KEY: "other", FUNCTION_FILE: file });
  await other.logged(
    /cannot tell who owns functions, trying on: READONLY.*read-only replica; connect to the primary/,
  );
  await runtime.redis.client.call("REPLICAOF", "NO", "ONE");
  await runtime.output(({ n, calls }) => n === 2 && calls === 1, "other");
  expect(started.log.some(({ level }) => level === "fatal")).toBe(false);
});

test("a password that is missing or wrong is explained; the right one works", async () => {
  await runtime.redis.client.config("SET", "requirepass", "secret-word");
  try {
    const without = await runtime.dropIn(COUNTING);
    await without.logged(/NOAUTH.*Redis asks for a password; set REDIS_PASSWORD/);
    const wrong = await runtime.dropIn(COUNTING, { REDIS_PASSWORD: "other-word" });
    const line = await wrong.logged(/WRONGPASS.*check REDIS_USERNAME and REDIS_PASSWORD/);
    expect(JSON.stringify(line)).not.toContain("other-word");
    await wrong.stop();
    await without.stop();
    const right = await runtime.dropIn(COUNTING, { REDIS_PASSWORD: "secret-word" });
    await runtime.input({ n: 1 });
    await runtime.output(({ n }) => n === 1);
    expect(JSON.stringify(right.log)).not.toContain("secret-word");
  } finally {
    await runtime.redis.client.config("SET", "requirepass", "");
  }
});

test("rights that do not cover gaugelet:* store the output alone, with one warning", async () => {
  await runtime.redis.client.call(
    "ACL",
    "SETUSER",
    "student",
    "on",
    ">pw",
    "~metrics",
    "~out",
    "&*",
    "+@all",
  );
  const started = await runtime.dropIn(COUNTING, { REDIS_USERNAME: "student", REDIS_PASSWORD: "pw" });
  for (const n of [1, 2, 3]) {
    await runtime.input({ n });
    expect(await runtime.output((output) => output.n === n)).toEqual({ n, calls: n });
  }
  expect(started.log.filter(({ msg }) => msg.includes("do not cover the keys gaugelet:*"))).toHaveLength(1);
  expect(await runtime.redis.client.keys("gaugelet:*")).toEqual([]);
});

test("a key of ours with the wrong type writes nothing at all until it is gone", async () => {
  await runtime.redis.client.set("gaugelet:outputs", "a stranger's");
  const started = await runtime.start({
    REDIS_OUTPUT_KEY: "out",
    FUNCTION_FILE: await runtime.write("handler.py", COUNTING),
    GAUGELET_PYTHON: PYTHON,
  });
  await runtime.input({ n: 1 });
  const { msg } = await started.logged(/WRONGTYPE/);
  expect(msg).toContain("one of the keys gaugelet:* holds another type");
  expect(await runtime.redis.client.exists("out", "gaugelet:env:{out}", "gaugelet:position:{out}")).toBe(0);
  await runtime.redis.client.del("gaugelet:outputs");
  await runtime.output(({ n }) => n === 1);
});

test("an output key of another type is taken over", async () => {
  await runtime.redis.client.lpush("out", "old");
  await runtime.dropIn(COUNTING);
  await runtime.input({ n: 1 });
  await expect.poll(() => runtime.redis.client.type("out"), { timeout: 20_000 }).toBe("string");
});

test.each(["function", "none"])(
  "state %s: a call that needs what Redis has is answered soon while Redis is away, and is carried out afterwards",
  async (state) => {
    const serving = await startFunctions(runtime, [
      { name: "used", code: COUNTING, state },
      { name: "new", code: COUNTING, state },
    ]);
    expect(await serving.post("used", { n: 1 })).toMatchObject({ status: 200 });
    await runtime.redis.crash();
    const refusal = { outcome: "unavailable", message: expect.stringMatching(/^Redis does not answer/) };
    // They come before it is known that Redis is away.
    const early = Promise.all([serving.call("new", { n: 2 }), serving.call("new", { n: 3 })]);
    expect(await early).toMatchObject([refusal, refusal]);
    expect(await serving.post("new", { n: 4 })).toMatchObject({
      status: 503,
      body: { detail: refusal.message },
    });
    expect(await serving.post("used", { n: 5 })).toMatchObject({ status: 200, body: { n: 5 } });
    await runtime.redis.restart();
    await waitFor("it is read", async () => (await serving.post("new", { n: 6 })).status === 200);
  },
);

test("a runtime that was held up while it read what is stored does not say that Redis does not answer", async () => {
  const serving = await startFunctions(runtime, [{ name: "new", code: COUNTING, state: "function" }]);
  const read: RedisStore["read"] = Reflect.get(RedisStore.prototype, "read");
  const spy = vi.spyOn(RedisStore.prototype, "read").mockImplementation(function (
    this: RedisStore,
    ...given
  ) {
    const reading = read.apply(this, given);
    // As by a processor that others use: nothing that comes meanwhile is heard.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_500);
    return reading;
  });
  onTestFinished(() => spy.mockRestore());
  expect(await serving.call("new", { n: 1 })).toMatchObject({ outcome: "ok" });
  expect(spy).toHaveBeenCalled();
});
