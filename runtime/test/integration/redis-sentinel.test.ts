import { startSentinels, type TestSentinels } from "@gaugelet/testing/redis-sentinel";
import type { TestRedis } from "@gaugelet/testing/redis-server";
import { waitFor } from "@gaugelet/testing/wait";
import { afterAll, beforeAll, expect, test } from "vitest";
import { useRuntime } from "./harness.ts";

const runtime = useRuntime();
let setup: TestSentinels;
beforeAll(async () => {
  setup = await startSentinels();
});
afterAll(() => setup.stop());

test("a function goes on with its env at the primary that takes over", async () => {
  const started = await runtime.dropIn(
    'def handler(input, context):\n    context.env["n"] = context.env.get("n", 0) + 1\n    return {"a": input["a"], "n": context.env["n"]}\n',
    {
      // Empty: not set.
      REDIS_HOST: "",
      REDIS_PORT: "",
      REDIS_SENTINELS: setup.ports.map((port) => `127.0.0.1:${port}`).join(),
      REDIS_SENTINEL_NAME: setup.name,
    },
  );
  const { primary, replica } = setup;
  const outputAt = async ({ client }: TestRedis): Promise<string> =>
    JSON.stringify(JSON.parse((await client.get("out")) ?? "null"));
  await started.logged(`connected to Redis at ${setup.name} by Sentinel at 127.0.0.1:${setup.ports[0]}`);
  await started.logged("Redis tells of changed keys at once");
  await primary.client.set("metrics", '{"a": 1}');
  await waitFor("the output is stored", async () => (await outputAt(primary)) === '{"a":1,"n":1}');
  await waitFor("the replica has it", async () => (await outputAt(replica)) !== "null");

  await primary.crash();
  await setup.failedOver();
  await replica.client.set("metrics", '{"a": 2}');
  // Where it does not happen, what is there instead says how far it came.
  const isNext = async (): Promise<boolean> => {
    expect(await outputAt(replica)).toBe('{"a":2,"n":2}');
    return true;
  };
  await waitFor("the next output is stored", isNext, 60);
  expect(await replica.client.exists("gaugelet:env:{out}")).toBe(1);
  expect(await replica.client.hexists("gaugelet:outputs", "out")).toBe(1);
}, 120_000);
