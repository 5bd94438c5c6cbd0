import { connectRedis } from "@gaugelet/shared/redis/connection";
import { documentedRights } from "@gaugelet/testing/documented-rights";
import { waitFor } from "@gaugelet/testing/wait";
import { expect, test } from "vitest";
import { DeadLetters } from "../../../src/dead-letters/dead-letters.ts";
import { startFunctions } from "../../integration/functions.ts";
import { useRuntime } from "../../integration/harness.ts";
import { useTopics } from "./topics-under-test.ts";

const runtime = useRuntime();
const topics = useTopics(runtime);
const FAILS_ONCE = `def handler(input, context):
    if input["n"] < 0 or context.attempt < 2:
        raise ValueError("no luck")
    return input
`;
const KEEPS = `def handler(input, context):
    context.env.setdefault("seen", []).append(input["n"])
    return {"seen": context.env["seen"]}
`;

test("a Redis user with the documented rights is enough for leases, retries, dead letters and outputs onward", async () => {
  const [command = "", ...rights] = await documentedRights("runtime");
  await runtime.redis.client.call(command, ...rights);
  await runtime.redis.client.call("ACL", "LOG", "RESET");
  const user = { REDIS_USERNAME: "runtime", REDIS_PASSWORD: "password" };
  const retries = { attempts: 2, backoff: { from: "10ms" } };
  const started = await startFunctions(
    runtime,
    [
      {
        name: "first",
        code: FAILS_ONCE,
        state: "none",
        triggers: [{ topic: "t", start: "oldest", retries }],
        output: { key: "output:first", topics: ["u"] },
      },
      {
        name: "second",
        code: KEEPS,
        triggers: [{ topic: "u", start: "oldest" }],
        output: { key: "output:second" },
      },
    ],
    user,
  );
  await topics.publish("t", [{ n: 1 }, { n: -1 }, { n: 2 }]);
  const all = ({ seen }: Record<string, unknown>): boolean => (seen as number[]).length === 2;
  await runtime.output(all, "output:second");
  await waitFor("a dead letter", async () => (await topics.deadLetters("first")).length === 1);
  expect(await runtime.redis.client.hget("gaugelet:lease:{output:first}", "owner")).toMatch(/./);
  expect(await runtime.redis.client.zcard("gaugelet:seen:{output:second}")).toBe(2);
  expect(await runtime.redis.client.exists("gaugelet:env:{output:second}")).toBe(1);

  const redis = connectRedis(
    { host: "127.0.0.1", port: runtime.redis.port, username: "runtime", password: "password", db: 0 },
    {},
    { enableOfflineQueue: true },
  );
  const letters = new DeadLetters(redis);
  expect(await letters.replayAll("first")).toBe(1);
  await waitFor("the dead letter again", async () => (await topics.deadLetters("first")).length === 1);
  const [letter] = await letters.list("first", 1);
  expect(await letters.drop("first", [letter?.id ?? ""])).toBe(1);
  expect(await letters.dropAll("first")).toBe(0);
  redis.disconnect();

  expect(started.log.filter(({ msg }) => msg.includes("rights"))).toEqual([]);
  const denials = (await runtime.redis.client.call("ACL", "LOG")) as unknown[];
  // The library introduces itself; that this is refused does no harm.
  expect(denials.filter((denial) => !JSON.stringify(denial).includes("setinfo"))).toEqual([]);
});

test("an event of a topic waits for rights that are missing, and is not lost", async () => {
  const [command = "", ...rights] = await documentedRights("runtime");
  await runtime.redis.client.call(command, ...rights);
  await runtime.redis.client.call("ACL", "SETUSER", "runtime", "-zadd");
  const retries = { attempts: 2, backoff: { from: "10ms" } };
  const output = { key: "output:first" };
  const triggers = [{ topic: "t", start: "oldest", retries }];
  const started = await startFunctions(
    runtime,
    [{ name: "first", code: FAILS_ONCE, state: "none", triggers, output }],
    { REDIS_USERNAME: "runtime", REDIS_PASSWORD: "password" },
  );
  await topics.publish("t", [{ n: 1 }]);
  await started.logged(/cannot store output:first, trying on: .*(NOPERM|can't run this command)/);
  await runtime.redis.client.call("ACL", "SETUSER", "runtime", "+zadd");
  await runtime.output(({ n }) => n === 1, "output:first");
});
