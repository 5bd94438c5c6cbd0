import { documentedRights } from "@gaugelet/testing/documented-rights";
import { expect, test } from "vitest";
import { useRuntime } from "./harness.ts";

const runtime = useRuntime();

test("a Redis user with the documented rights is enough for outputs, env and pushed changes", async () => {
  const [command = "", ...rights] = await documentedRights("runtime");
  await runtime.redis.client.call(command, ...rights);
  await runtime.redis.client.call("ACL", "LOG", "RESET");
  const started = await runtime.dropIn(
    'def handler(input, context):\n    context.env["n"] = context.env.get("n", 0) + 1\n    return {"n": context.env["n"]}\n',
    { REDIS_OUTPUT_KEY: "output:f", REDIS_USERNAME: "runtime", REDIS_PASSWORD: "password" },
  );
  await started.logged("Redis tells of changed keys at once");
  await runtime.input({ a: 1 });
  await runtime.output(({ n }) => n === 1, "output:f");
  await runtime.input({ a: 2 });
  await runtime.output(({ n }) => n === 2, "output:f");
  expect(await runtime.redis.client.exists("gaugelet:env:{output:f}")).toBe(1);
  expect(await runtime.redis.client.hexists("gaugelet:outputs", "output:f")).toBe(1);
  const denials = (await runtime.redis.client.call("ACL", "LOG")) as unknown[];
  // The library introduces itself; that this is refused does no harm.
  expect(denials.filter((denial) => !JSON.stringify(denial).includes("setinfo"))).toEqual([]);
});
