import { INVOCATIONS_KEY } from "@gaugelet/shared/keys";
import { connectRedis } from "@gaugelet/shared/redis/connection";
import { waitFor } from "@gaugelet/testing/wait";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { InvocationReader } from "../../src/runs/invocation-reader.ts";
import { targetOf } from "../../src/triggers/http/targets.ts";
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
