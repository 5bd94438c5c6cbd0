import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { delayedKey, OUTPUTS_KEY } from "@gaugelet/shared/keys";
import { waitFor } from "@gaugelet/testing/wait";
import { expect, test } from "vitest";
import { DeadLetters } from "../../src/dead-letters/dead-letters.ts";
import { writeDelayed } from "../../src/triggers/topic/delayed-event.ts";
import { useTopics } from "../topics/functions/topics-under-test.ts";
import { type FunctionUnderTest, type ServingRuntime, startFunctions } from "./functions.ts";
import { useRuntime } from "./harness.ts";

const runtime = useRuntime();
const topics = useTopics(runtime);

const COUNTS = `def handler(input, context):
    env = context.env
    n, last = input["n"], env.get("last", 0)
    if n != last + 1:
        env.setdefault("wrong", []).append([last, n])
    env["last"] = n
    env["count"] = env.get("count", 0) + 1
    return {"count": env["count"], "last": n, "wrong": env.get("wrong", [])}
`;
const numbers = (from: number, to: number): { n: number }[] =>
  Array.from({ length: to - from + 1 }, (_, index) => ({ n: from + index }));
const counts = (name: string, trigger: object = {}): FunctionUnderTest => ({
  name,
  code: COUNTS,
  triggers: [{ topic: "t", start: "oldest", ...trigger }],
});
const countedTo = (count: number, key: string) =>
  runtime.output((output) => (output.count as number) >= count, key);

/** Have these functions in the configuration file. */
async function write(functions: readonly FunctionUnderTest[]): Promise<void> {
  const manifests: object[] = [];
  for (const { code, ...manifest } of functions) {
    const file = join(runtime.folder, `${manifest.name}.py`);
    // Code that is written again is loaded again.
    if (!existsSync(file)) await runtime.write(`${manifest.name}.py`, code);
    manifests.push({
      source: file,
      handler: `${manifest.name}.handler`,
      output: { key: manifest.name },
      ...manifest,
    });
  }
  await runtime.write("gaugelet.yaml", JSON.stringify({ functions: manifests }));
}

/** Change the file, and wait until the runtime has seen that by itself. */
async function change(started: ServingRuntime, functions: readonly FunctionUnderTest[]): Promise<void> {
  const before = readAgain(started);
  await write(functions);
  await waitFor("the file to be read", () => readAgain(started) > before);
}
const readAgain = (started: ServingRuntime): number =>
  started.log.filter(({ msg }) => msg.includes("configuration read again")).length;

/** Publish so many in small steps. */
async function publishSlowly(from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n += 20) {
    await topics.publish("t", numbers(n, Math.min(to, n + 19)));
    await sleep(5);
  }
}

test("a function that is added is there within 2 s, and others go on undisturbed", async () => {
  // A file more beside the function's own is one that it may import.
  await runtime.write("b.py", COUNTS);
  const started = await startFunctions(runtime, [counts("a")]);
  const publishing = publishSlowly(1, 4_000);
  await countedTo(200, "a");
  await change(started, [counts("a"), counts("b")]);
  const read = performance.now();
  await countedTo(1, "b");
  expect(performance.now() - read).toBeLessThan(2_000);
  await publishing;
  expect(await countedTo(4_000, "a")).toEqual({ count: 4_000, last: 4_000, wrong: [] });
  expect(await countedTo(4_000, "b")).toEqual({ count: 4_000, last: 4_000, wrong: [] });
  expect(loads(started, "a")).toBe(1);
});

test("a function that is removed stops, and goes on where it was once it is there again", async () => {
  const started = await startFunctions(runtime, [counts("a"), counts("b")]);
  await topics.publish("t", numbers(1, 100));
  await Promise.all([countedTo(100, "a"), countedTo(100, "b")]);
  await change(started, [counts("a")]);
  await topics.publish("t", numbers(101, 200));
  await countedTo(200, "a");
  await sleep(500);
  expect(await countedTo(1, "b")).toMatchObject({ count: 100 });
  await change(started, [counts("a"), counts("b")]);
  expect(await countedTo(200, "b")).toEqual({ count: 200, last: 200, wrong: [] });
});

test("metrics say what manifests say now, and nothing of a function that is removed", async () => {
  const owned = (owner: string): FunctionUnderTest => ({ ...counts("a"), owner });
  const started = await startFunctions(runtime, [owned("one-team"), counts("b")]);
  await change(started, [owned("another-team")]);
  await waitFor("the new manifest to be shown alone", async () => {
    const shown = await started.series("gaugelet_function_info");
    return [...shown.keys()].join() === 'function="a",owner="another-team",language="python"';
  });
  for (const name of ["gaugelet_function_limit_hits_total", "gaugelet_topic_retries_total"]) {
    const shown = [...(await started.series(name)).keys()].join();
    expect(shown).toContain('function="a"');
    expect(shown).not.toContain('function="b"');
  }
});

test("triggers that change under load disturb no event", async () => {
  const started = await startFunctions(runtime, [counts("a")]);
  const publishing = publishSlowly(1, 6_000);
  await countedTo(100, "a");
  for (const trigger of [
    { batch: { size: 10, wait: "20ms" } },
    { class: "premium" },
    { retries: { attempts: 2 } },
    {},
  ]) {
    await change(started, [counts("a", trigger)]);
  }
  await publishing;
  expect(await countedTo(6_000, "a")).toEqual({ count: 6_000, last: 6_000, wrong: [] });
});

test("a trigger that is paused under load and goes on loses nothing and doubles nothing", async () => {
  const started = await startFunctions(runtime, [counts("a"), counts("b")]);
  const publishing = publishSlowly(1, 6_000);
  await countedTo(100, "a");
  await change(started, [counts("a", { paused: true }), counts("b")]);
  await sleep(300);
  const { count } = await countedTo(100, "a");
  await sleep(500);
  expect((await countedTo(100, "a")).count).toBe(count);
  await change(started, [counts("a"), counts("b")]);
  await publishing;
  expect(await countedTo(6_000, "a")).toEqual({ count: 6_000, last: 6_000, wrong: [] });
  expect(await countedTo(6_000, "b")).toEqual({ count: 6_000, last: 6_000, wrong: [] });
});

test("a topic more for a busy function comes within 2 s, and does not disturb the one that is there", async () => {
  const both = `import time

def handler(input, context):
    time.sleep(0.0002)
    env = context.env
    key = context.topic
    n, last = input["n"], env.get(key, 0)
    if n != last + 1:
        env.setdefault("wrong", []).append([key, last, n])
    env[key] = n
    return {"t": env.get("t", 0), "u": env.get("u", 0), "wrong": env.get("wrong", [])}
`;
  const on = (...names: string[]): FunctionUnderTest => ({
    name: "a",
    code: both,
    triggers: names.map((topic) => ({ topic, start: "oldest" })),
  });
  const started = await startFunctions(runtime, [on("t")]);
  // There is no moment in which nothing of the one topic is under way.
  const sent = 20_000;
  for (let n = 1; n <= sent; n += 1_000) await topics.publish("t", numbers(n, n + 999));
  await runtime.output(({ t }) => (t as number) > 1_000, "a");
  await topics.publish("u", numbers(1, 100));
  await change(started, [on("t", "u")]);
  const read = performance.now();
  const first = await runtime.output(({ u }) => (u as number) > 0, "a");
  expect(first.t).toBeLessThan(sent);
  expect(performance.now() - read).toBeLessThan(2_000);
  await runtime.output(({ u }) => u === 100, "a");
  await change(started, [on("u")]);
  await topics.publish("u", numbers(101, 110));
  await runtime.output(({ u }) => u === 110, "a");
  await change(started, [on("u", "t")]);
  const output = await waitFor(
    "the rest",
    async () => {
      const found = await runtime.output(() => true, "a");
      return found.t === sent && found;
    },
    60,
  );
  expect(output).toEqual({ t: sent, u: 110, wrong: [] });
});

test("a file that cannot be used keeps what runs, says why, and the next good one counts", async () => {
  const started = await startFunctions(runtime, [counts("a")]);
  await topics.publish("t", numbers(1, 10));
  await countedTo(10, "a");
  const file = join(runtime.folder, "gaugelet.yaml");
  const good = await readFile(file, "utf8");
  for (const [bad, why] of [
    ["functions: [", /what runs goes on: .*gaugelet\.yaml/],
    [
      good.replace('"topic":"t"', '"topic":"no topic"'),
      /what runs goes on: .*triggers\[0\]\.topic.*expected the name of a topic/s,
    ],
    [good.replace('"name":"a"', '"name":"a","input":{"type":"nothing"}'), /what runs goes on: .*input/s],
  ] as const) {
    started.log.length = 0;
    await writeFile(file, bad);
    await started.logged(why);
    expect(await started.metric("gaugelet_runtime_config_last_reload_successful")).toBe(0);
    const page = await (await fetch(`http://127.0.0.1:${started.ports.status}/`)).text();
    expect(page).toContain("The configuration has changed but cannot be used; what runs goes on.");
    const ready = await fetch(`http://127.0.0.1:${started.ports.management}/readyz`);
    expect(ready.status).toBe(200);
    expect(await ready.text()).toMatch(/^configuration: .*gaugelet\.yaml/m);
    await topics.publish("t", [{ n: ((await runtime.output(() => true, "a")).last as number) + 1 }]);
  }
  await countedTo(13, "a");
  await change(started, [counts("a"), counts("b")]);
  expect(await started.metric("gaugelet_runtime_config_last_reload_successful")).toBe(1);
  const page = await (await fetch(`http://127.0.0.1:${started.ports.status}/`)).text();
  expect(page).not.toContain("cannot be used");
  expect(await countedTo(13, "b")).toEqual({ count: 13, last: 13, wrong: [] });
});

test("a function that takes long to stop keeps no other change from being noticed", async () => {
  const slow = {
    name: "slow",
    code: "import time\ndef handler(input, context):\n    print('begun')\n    time.sleep(60)\n",
    triggers: [{ topic: "s", start: "oldest" }],
  };
  const started = await startFunctions(runtime, [slow]);
  await topics.publish("s", [{}]);
  await started.logged("begun");
  await write([]);
  const stopping = started.reload();
  await topics.publish("t", numbers(1, 10));
  await write([counts("a")]);
  await countedTo(10, "a");
  expect(started.log.map(({ msg }) => msg)).not.toContain("function stopped");
  await stopping;
  expect(started.log.map(({ msg }) => msg)).toContain("function stopped");
});

test("what is missing of what the file names is waited for", async () => {
  const started = await startFunctions(runtime, [counts("a")]);
  await topics.publish("t", numbers(1, 10));
  await countedTo(10, "a");
  const file = join(runtime.folder, "gaugelet.yaml");
  const { functions } = JSON.parse(await readFile(file, "utf8")) as { functions: object[] };
  await writeFile(file, JSON.stringify({ functions: [...functions, "later"] }));
  await started.logged(/what runs goes on: .*later/);
  await mkdir(join(runtime.folder, "later"));
  await runtime.write("later/handler.py", COUNTS);
  const manifest = {
    name: "later",
    handler: "handler.handler",
    output: { key: "later" },
    triggers: [{ topic: "t", start: "oldest" }],
  };
  await runtime.write("later/function.yaml", JSON.stringify(manifest));

  expect(await countedTo(10, "later")).toEqual({ count: 10, last: 10, wrong: [] });
});

test("what changes while the runtime starts is noticed", async () => {
  const written = await runtime.write("gaugelet.yaml", JSON.stringify({ functions: [] }));
  await topics.publish("t", numbers(1, 10));
  await runtime.start({ GAUGELET_CONFIG: written, GAUGELET_PRELOAD: "" }, () => write([counts("a")]));
  expect(await countedTo(10, "a")).toEqual({ count: 10, last: 10, wrong: [] });
});

test("events that wait to be tried again, or are replayed, are handled after the output key has changed", async () => {
  const healed = join(runtime.folder, "healed");
  const code = `import os
def handler(input, context):
    if input["n"] == 2 and not os.path.exists(${JSON.stringify(healed)}):
        raise ValueError("no luck")
    return input
`;
  const at = (time: string): FunctionUnderTest[] =>
    Object.entries({ again: 100, dead: 1 }).map(([name, attempts]) => {
      const retries = { attempts, backoff: { from: "1s", to: "1s" } };
      const triggers = [{ topic: "t", start: "oldest", retries }];
      return { name, code, state: "none", triggers, output: { key: `${name}-${time}` } };
    });
  const stored = async (n: number, time: string): Promise<void> => {
    for (const name of ["again", "dead"]) await runtime.output((output) => output.n === n, `${name}-${time}`);
  };
  const started = await startFunctions(runtime, at("before"));
  await topics.publish("t", numbers(1, 2));
  await stored(1, "before");
  await waitFor("a dead letter", async () => (await topics.deadLetters("dead")).length === 1);
  const waiting = () => runtime.redis.client.zcard(delayedKey("again-before"));
  await waitFor("an event that waits", async () => (await waiting()) === 1);
  await change(started, at("after"));
  await topics.publish("t", [{ n: 3 }]);
  await stored(3, "after");
  await writeFile(healed, "");
  expect(await new DeadLetters(runtime.redis.client).replayAll("dead")).toBe(1);
  await stored(2, "after");
  expect(await waiting()).toBe(0);
});

test("events that wait for a worker to be tried again are not kept from the function that replaces theirs", async () => {
  const done = join(runtime.folder, "done");
  const code = `import time
def handler(input, context):
    if context.attempt == 1:
        raise ValueError("no luck")
    time.sleep(0.3)
    with open(${JSON.stringify(done)}, "a") as file:
        file.write(f"{input['n']}\\n")
    return input
`;
  const retries = { attempts: 9, backoff: { from: "100ms", to: "100ms" } };
  const at = (timeout: string): FunctionUnderTest[] => [
    {
      name: "a",
      code,
      state: "none",
      workers: { max: 1 },
      limits: { timeout },
      triggers: [{ topic: "t", start: "oldest", retries }],
    },
  ];
  const handled = async (): Promise<number[]> =>
    (await readFile(done, "utf8").catch(() => "")).split("\n").filter(Boolean).map(Number);
  const started = await startFunctions(runtime, at("30s"));
  await topics.publish("t", numbers(1, 20));
  await waitFor("the first ones", async () => (await handled()).length > 0);
  await change(started, at("29s"));
  await waitFor("all of them", async () => (await runtime.redis.client.zcard(delayedKey("a"))) === 0, 40);
  expect((await handled()).sort((one, other) => one - other)).toEqual(numbers(1, 20).map(({ n }) => n));
});

test("outputs of shards are left where the output key has changed", async () => {
  const at = (key: string): FunctionUnderTest[] => [
    { ...counts("a"), state: "partition", output: { key: `${key}:{shard}` } },
  ];
  const entryAt = async (key: string): Promise<unknown> =>
    JSON.parse((await runtime.redis.client.hget(OUTPUTS_KEY, key)) ?? "{}");
  const started = await startFunctions(runtime, at("before"));
  await topics.publish("t", numbers(1, 3));
  await countedTo(3, "before:t-0");
  await change(started, at("after"));
  await waitFor("it to be left", async () => {
    expect(await entryAt("before:t-0")).toMatchObject({ function: "a", shard: "t-0", left: true });
    return true;
  });
  await topics.publish("t", numbers(4, 5));
  await countedTo(1, "after:t-0");
  expect(await entryAt("after:t-0")).not.toMatchObject({ left: true });
});

test("a function that goes back to an output key that it had handles no event again", async () => {
  const plain = [counts("a")];
  const sharded = [{ ...counts("a"), state: "partition" }];
  const lastOf = (last: number, key: string) => runtime.output((output) => output.last === last, key);
  const isLeft = (key: string) =>
    waitFor("it to be left", async () =>
      ((await runtime.redis.client.hget(OUTPUTS_KEY, key)) ?? "").includes('"left":true'),
    );
  const started = await startFunctions(runtime, plain);
  await topics.publish("t", numbers(1, 3));
  await lastOf(3, "a");
  await change(started, sharded);
  await topics.publish("t", numbers(4, 5));
  expect(await lastOf(5, "a:t-0")).toMatchObject({ count: 2 });
  await isLeft("a");
  await change(started, plain);
  await topics.publish("t", numbers(6, 9));
  expect(await lastOf(9, "a")).toMatchObject({ count: 3 + 4 });
  await isLeft("a:t-0");
  await change(started, sharded);
  await topics.publish("t", [{ n: 10 }]);
  expect(await lastOf(10, "a:t-0")).toMatchObject({ count: 2 + 1 });
});

test("what waits at an output key from before a start is taken along", async () => {
  const { client } = runtime.redis;
  const entryOf = (name: string, age: number) =>
    JSON.stringify({ function: name, version: "1", storedAt: Date.now() - age * 1000, staleAfter: null });
  await client.hset(OUTPUTS_KEY, {
    before: entryOf("a", 120),
    after: entryOf("a", 0),
    other: entryOf("b", 120),
  });
  const event = { position: "1-0", timestamp: 1, headers: {}, key: null, body: Buffer.from('{"n":7}') };
  const waiting = writeDelayed({ topic: "t", partition: 0, event, attempts: 1 });
  await client.zadd(delayedKey("before"), 0, waiting);
  await client.zadd(delayedKey("other"), 0, waiting);
  await startFunctions(runtime, [{ ...counts("a"), state: "none", output: { key: "after" } }]);
  await runtime.output(({ last }) => last === 7, "after");
  expect(await client.zcard(delayedKey("before"))).toBe(0);
  expect(await client.zcard(delayedKey("other"))).toBe(1);
  const left = Object.entries(await client.hgetall(OUTPUTS_KEY)).filter(([, json]) =>
    json.includes('"left"'),
  );
  expect(left.map(([key]) => key)).toEqual(["before"]);
});

/** How often a function was loaded. */
function loads({ log }: ServingRuntime, name: string): number {
  return log.filter((line) => line.function === name && line.msg.startsWith("function loaded in")).length;
}
