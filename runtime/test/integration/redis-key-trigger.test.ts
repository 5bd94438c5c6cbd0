import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "@gaugelet/testing/wait";
import { pino } from "pino";
import { expect, test } from "vitest";
import type { FunctionEvent } from "../../src/dispatcher/event.ts";
import { RedisKeyTrigger } from "../../src/triggers/redis-key/trigger.ts";
import { useRuntime } from "./harness.ts";

const runtime = useRuntime();
const COUNTING = `def handler(input, context):
    context.env["calls"] = context.env.get("calls", 0) + 1
    return {"n": input["n"], "calls": context.env["calls"], "key": context.input_key}
`;

test("a change is pushed, long before the next poll", async () => {
  const started = await runtime.dropIn(COUNTING, { POLL_INTERVAL_SECONDS: "3600" });
  await started.logged("Redis tells of changed keys at once");
  await started.logged("there is no key metrics in Redis yet; waiting for it");
  for (const n of [1, 2, 3]) {
    await runtime.input({ n });
    await runtime.output((output) => output.n === n && output.calls === n);
  }
});

test("unchanged bytes call nothing, not even after a restart", async () => {
  const first = await runtime.dropIn(COUNTING);
  await runtime.input({ n: 1 });
  await runtime.output(({ calls }) => calls === 1);
  for (let write = 0; write < 5; write += 1) await runtime.input({ n: 1 });
  await sleep(700);
  await first.stop();
  await runtime.dropIn(COUNTING);
  await sleep(700);
  await runtime.input({ n: 2 });
  expect(await runtime.output(({ n }) => n === 2)).toMatchObject({ calls: 2 });
});

test("of many writes in a burst the newest is never missed", async () => {
  await runtime.dropIn(COUNTING, { POLL_INTERVAL_SECONDS: "3600" });
  for (let burst = 1; burst <= 20; burst += 1) {
    const last = burst * 1000 + 200;
    const writes = runtime.redis.client.pipeline();
    for (let n = last - 199; n <= last; n += 1) writes.set("metrics", JSON.stringify({ n }));
    await writes.exec();
    await runtime.output(({ n }) => n === last);
  }
});

test("the poll alone is enough where Redis does not push", async () => {
  await runtime.redis.client.call(
    "ACL",
    "SETUSER",
    "nopush",
    "on",
    ">pw",
    "~*",
    "&*",
    "+@all",
    "-client|tracking",
  );
  const started = await runtime.dropIn(COUNTING, { REDIS_USERNAME: "nopush", REDIS_PASSWORD: "pw" });
  await started.logged("Redis does not tell of changed keys for now");
  for (const n of [1, 2, 3]) {
    await runtime.input({ n });
    await runtime.output((output) => output.n === n);
  }
});

test("pushing comes back after the server has closed every connection", async () => {
  const started = await runtime.dropIn(COUNTING, { POLL_INTERVAL_SECONDS: "3600" });
  await runtime.input({ n: 1 });
  await runtime.output(({ n }) => n === 1);
  await runtime.redis.client.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
  await runtime.redis.client.call("CLIENT", "KILL", "TYPE", "pubsub");
  await waitFor(
    "pushing again",
    () => started.log.filter(({ msg }) => msg.includes("tells of changed keys at once")).length >= 2,
  );
  await runtime.input({ n: 2 });
  await runtime.output(({ n }) => n === 2);
});

test("a pattern gives each key a shard with an env and an output of its own", async () => {
  const file = await runtime.write("handler.py", COUNTING);
  const configuration = await runtime.write(
    "gaugelet.yaml",
    `functions:
  - name: usage
    source: ${file}
    handler: handler.handler
    state: partition
    triggers: [{ redisKey: "metrics:*", pollInterval: 200ms }]
    output: { key: "usage:{shard}" }
`,
  );
  await runtime.input({ n: 1 }, "metrics:before");
  const started = await runtime.start({ GAUGELET_CONFIG: configuration });
  await runtime.output(({ n }) => n === 1, "usage:before");
  await started.logged("tells of changed keys at once");
  await runtime.input({ n: 5 }, "metrics:node-a");
  await runtime.input({ n: 6 }, "metrics:node-b");
  await runtime.output(
    ({ n, calls, key }) => n === 5 && calls === 1 && key === "metrics:node-a",
    "usage:node-a",
  );
  await runtime.output(({ n, calls }) => n === 6 && calls === 1, "usage:node-b");
  await runtime.input({ n: 7 }, "metrics:node-b");
  await runtime.output(({ n, calls }) => n === 7 && calls === 2, "usage:node-b");
  const entry = JSON.parse((await runtime.redis.client.hget("gaugelet:outputs", "usage:node-b")) ?? "");
  expect(entry).toMatchObject({ function: "usage", shard: "node-b", staleAfter: 60 });
});

test("our own keys are nobody's input, however wide a pattern is; outputs are", async () => {
  const file = await runtime.write("handler.py", COUNTING);
  const configuration = await runtime.write(
    "gaugelet.yaml",
    `functions:
  - { name: wide, source: ${file}, handler: handler.handler, triggers: [{ redisKey: "[g]augelet:*", pollInterval: 1h }], output: { key: out } }
`,
  );
  await runtime.input({ n: 1 }, "gaugelet:env:{other}");
  await runtime.input({ n: 2 }, "gaugelet:output:other");
  const started = await runtime.start({ GAUGELET_CONFIG: configuration });
  await runtime.output(({ n }) => n === 2);
  await runtime.input({ n: 3 }, "gaugelet:answer:{other}:key");
  await runtime.input({ n: 4 }, "gaugelet:output:other");
  await runtime.output(({ n, calls }) => n === 4 && calls === 2);
  expect(await started.metric('gaugelet_function_invocations_total{function="wide",outcome="ok"}')).toBe(2);
});

test("a function's own outputs are no inputs of it, however wide its pattern is", async () => {
  const file = await runtime.write("handler.py", COUNTING);
  const configuration = await runtime.write(
    "gaugelet.yaml",
    `functions:
  - { name: all, source: ${file}, handler: handler.handler, triggers: [{ redisKey: "gaugelet:output:*", pollInterval: 100ms }] }
  - { name: each, source: ${file}, handler: handler.handler, state: partition, triggers: [{ redisKey: "room:*", pollInterval: 100ms }], output: { key: "room:{shard}:seen" } }
`,
  );
  await runtime.input({ n: 1 }, "gaugelet:output:other");
  await runtime.input({ n: 2 }, "room:a");
  const started = await runtime.start({ GAUGELET_CONFIG: configuration });
  await runtime.output(({ n }) => n === 1, "gaugelet:output:all");
  await runtime.output(({ n }) => n === 2, "room:a:seen");
  // Several polls.
  await sleep(500);
  for (const name of ["all", "each"]) {
    const metric = `gaugelet_function_invocations_total{function="${name}",outcome="ok"}`;
    expect(await started.metric(metric)).toBe(1);
  }
});

test("what came of a value is void: it comes again, but where a newer one has come", async () => {
  const { client } = runtime.redis;
  const emitted: FunctionEvent[] = [];
  const trigger = new RedisKeyTrigger(
    { redisKey: "metrics", pollInterval: 3600 },
    {
      redis: client,
      changes: { pushing: true, listen: () => () => {} },
      log: pino({ enabled: false }),
      sharded: false,
      isOwnOutput: () => false,
      lastPosition: async () => "what is stored",
    },
  );
  await client.set("metrics", "1");
  trigger.start((event) => emitted.push(event));
  try {
    await waitFor("the value", () => emitted.length === 1);
    const [{ source, position }] = emitted as [FunctionEvent];
    trigger.again(source, "older");
    trigger.again("schedule:5s", position ?? "");
    trigger.again(source, position ?? "");
    await waitFor("the value once more", () => emitted.length > 1);
    await sleep(100);
    expect(emitted.map(({ body }) => body.toString())).toEqual(["1", "1"]);
  } finally {
    trigger.stop();
  }
});

test("functions are chained: one's output is another's input", async () => {
  const file = await runtime.write("handler.py", COUNTING);
  const configuration = await runtime.write(
    "gaugelet.yaml",
    `functions:
  - { name: first, source: ${file}, handler: handler.handler, triggers: [{ redisKey: metrics, pollInterval: 1h }], output: { key: between } }
  - { name: second, source: ${file}, handler: handler.handler, triggers: [{ redisKey: between, pollInterval: 1h }], output: { key: out } }
`,
  );
  await runtime.start({ GAUGELET_CONFIG: configuration });
  await runtime.input({ n: 1 });
  await runtime.output(({ n }) => n === 1);
  await runtime.input({ n: 2 });
  await runtime.output(({ n, key }) => n === 2 && key === "between");
});
