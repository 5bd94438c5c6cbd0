import { existsSync } from "node:fs";
import { join } from "node:path";
import { envKey, positionKey } from "@gaugelet/shared/keys";
import { waitFor } from "@gaugelet/testing/wait";
import { expect, test } from "vitest";
import { useTopics } from "../topics/functions/topics-under-test.ts";
import { startFunctions } from "./functions.ts";
import { useRuntime } from "./harness.ts";

const runtime = useRuntime();
const topics = useTopics(runtime);

const retries = { attempts: 3, backoff: { from: "10ms", to: "10ms" } };
const triggers = [{ topic: "t", start: "oldest", retries }];

test("a large env is taken back whole where there is no room for it and the live one", async () => {
  const code = `def handler(input, context):
    env = context.env
    if "large" not in env:
        env["large"] = {number: str(number) for number in range(400_000)}
    env["count"] = env.get("count", 0) + 1
    if input.get("fails") and context.attempt == 1:
        raise ValueError("once")
    return {"count": env["count"], "large": len(env["large"])}
`;
  const limits = { memory: "120Mi", env: "64Mi" };
  await startFunctions(runtime, [{ name: "f", code, triggers, limits }]);
  await topics.publish("t", [{}, {}]);
  await runtime.output(({ count }) => count === 2, "f");
  const stored = () => runtime.redis.client.strlen(envKey("f"));
  await waitFor("its env", async () => (await stored()) > 4_000_000);
  await topics.publish("t", [{ fails: true }, {}]);
  expect(await runtime.output(({ count }) => Number(count) >= 4 || count === 2, "f")).toBeDefined();
  await runtime.output(({ count, large }) => count === 4 && large === 400_000, "f");
  expect(await stored()).toBeGreaterThan(4_000_000);
});

test("events go on where what a retried one left was taken back before it was stored", async () => {
  const code = `import time

class SlowToSave:
    def __getstate__(self):
        time.sleep(1)
        return {}

def handler(input, context):
    env = context.env
    env.setdefault("slow", SlowToSave())
    if input.get("fails"):
        if context.attempt == 1:
            raise ValueError("once")
        open(input["mark"], "w").close()
    env["last"] = input["n"]
    return {"n": input["n"]}
`;
  const started = await startFunctions(runtime, [{ name: "f", code, triggers }]);
  await topics.publish("t", [{ n: 1 }]);
  await runtime.output(({ n }) => n === 1, "f");
  const mark = join(runtime.folder, "mark");
  await topics.publish("t", [{ n: 2, fails: true, mark }]);
  await waitFor("the second attempt", () => existsSync(mark));
  await runtime.redis.client.del(positionKey("f"));
  await runtime.redis.client.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
  await started.logged("Redis lost what it had stored");
  await topics.publish("t", [{ n: 3 }]);
  await runtime.output(({ n }) => n === 3, "f");
});
