import { INVOCATIONS_KEY } from "@gaugelet/shared/keys";
import { connectRedis } from "@gaugelet/shared/redis/connection";
import { waitFor } from "@gaugelet/testing/wait";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { InvocationReader } from "../../src/runs/invocation-reader.ts";
import { type Target, targetOf } from "../../src/triggers/http/targets.ts";
import { useConfigurationFolder } from "../unit/configuration-folder.ts";
import { useRuntime } from "./harness.ts";

const context = useRuntime();
const folder = useConfigurationFolder();

test("a call that is refused for a limit, and is made meanwhile for somebody who waits for it, is not made again", async () => {
  const { client, port } = context.redis;
  const add = (runId: string) =>
    client.xadd(
      INVOCATIONS_KEY,
      "*",
      "function",
      "f",
      "runId",
      runId,
      "user",
      "u",
      "queuedAt",
      "1",
      "body",
      "{}",
    );
  const [definition] = await folder.read(
    "functions: [{ name: f, handler: m.h, triggers: [{ http: true }] }]",
  );
  if (definition === undefined) throw new Error("no function");
  const target = await targetOf({ definition, call: () => {} });
  const tried: string[] = [];
  const reader = new InvocationReader({
    redis: connectRedis({ host: "127.0.0.1", port, username: undefined, password: undefined, db: 0 }),
    consumer: "c",
    functions: { here: () => target, ready: async () => target },
    invocations: {
      carryOut(_target, { runId }, _onRecorded, hear) {
        tried.push(runId);
        hear({ outcome: "too-many-requests", message: "", details: "" });
      },
    },
    log: pino({ enabled: false }),
  });
  reader.start();
  onTestFinished(() => reader.stop());
  const entry = await add("one");
  await waitFor("the first", async () => tried.length > 0);
  await client.xdel(INVOCATIONS_KEY, entry ?? "");
  await add("two");
  const before = tried.length;
  // The first would be tried again before the second is.
  await waitFor(
    "the second to be tried again",
    async () => tried.filter((run) => run === "two").length === 2,
  );
  expect(tried.slice(before)).not.toContain("one");
});

test("a call whose function another runtime answers for is left to that one, which has it at once", async () => {
  const { client, port } = context.redis;
  const [definition] = await folder.read(
    "functions: [{ name: f, handler: m.h, triggers: [{ http: true }] }]",
  );
  if (definition === undefined) throw new Error("no function");
  const callable = { definition, call: () => {} };
  const own = await targetOf(callable);
  const others = await targetOf({ ...callable, answeredBy: "another" });
  const start = (consumer: string, here: Target, ready: Target) => {
    const tried: string[] = [];
    const reader = new InvocationReader({
      redis: connectRedis({ host: "127.0.0.1", port, username: undefined, password: undefined, db: 0 }),
      consumer,
      functions: { here: () => here, ready: async () => ready },
      invocations: {
        carryOut(target, { runId }, _onRecorded, hear) {
          tried.push(runId);
          if (target.callable.answeredBy === undefined)
            hear({ outcome: "ok", output: Buffer.from("{}"), seconds: 0 });
          else hear({ outcome: "unavailable", message: "", details: "" });
        },
      },
      log: pino({ enabled: false }),
    });
    reader.start();
    onTestFinished(() => reader.stop());
    return tried;
  };
  const add = (runId: string) => {
    const fields = ["function", "f", "runId", runId, "user", "u", "queuedAt", "1", "body", "{}"];
    return client.xadd(INVOCATIONS_KEY, "*", ...fields);
  };
  const abandoned = async () =>
    ((await client.xpending(INVOCATIONS_KEY, "runtimes", "IDLE", 5_000, "-", "+", 9)) as unknown[]).length;
  // Who answers is known; and it turns out once the function is put together.
  const standby = start("standby", others, others);
  await add("one");
  await waitFor("the first to be anybody's", async () => (await abandoned()) === 1);
  expect(standby).toEqual([]);
  const waking = start("waking", own, others);
  await waitFor("it to be tried where nobody knew", () => waking.includes("one"));
  await waitFor("it to be anybody's again", async () => (await abandoned()) === 1);
  const owner = start("owner", own, own);
  await waitFor("it to be done", async () => (await client.xlen(INVOCATIONS_KEY)) === 0);
  expect(owner).toEqual(["one"]);
  expect(standby).toEqual([]);
});
