import { INVOCATIONS_KEY } from "@gaugelet/shared/keys";
import { connectRedis } from "@gaugelet/shared/redis/connection";
import { waitFor } from "@gaugelet/testing/wait";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { InvocationReader, type InvocationReaderParts } from "../../src/runs/invocation-reader.ts";
import { type Target, targetOf } from "../../src/triggers/http/targets.ts";
import { useConfigurationFolder } from "../unit/configuration-folder.ts";
import { useRuntime } from "./harness.ts";

const context = useRuntime();
const folder = useConfigurationFolder();
const DONE = { outcome: "ok", output: Buffer.from("{}"), seconds: 0 } as const;

/** A function f. @param answeredBy another runtime that answers for it. */
async function target(answeredBy?: string): Promise<Target> {
  const [definition] = await folder.read(
    "functions: [{ name: f, handler: m.h, triggers: [{ http: true }] }]",
  );
  if (definition === undefined) throw new Error("no function");
  return await targetOf({ definition, call: () => {}, answeredBy });
}

/** Accept a call of f. */
async function add(runId: string): Promise<string> {
  const fields = ["function", "f", "runId", runId, "user", "u", "queuedAt", "1", "body", "{}"];
  return (await context.redis.client.xadd(INVOCATIONS_KEY, "*", ...fields)) ?? "";
}

/** Read calls. @returns the runs that are tried, in their order. */
function start(
  consumer: string,
  functions: InvocationReaderParts["functions"],
  answer: (target: Target) => Parameters<Parameters<InvocationReaderParts["invocations"]["carryOut"]>[3]>[0],
): string[] {
  const { port } = context.redis;
  const tried: string[] = [];
  const reader = new InvocationReader({
    redis: connectRedis({ host: "127.0.0.1", port, username: undefined, password: undefined, db: 0 }),
    consumer,
    functions,
    invocations: {
      carryOut(called, { runId }, _onRecorded, hear) {
        tried.push(runId);
        hear(answer(called));
      },
    },
    log: pino({ enabled: false }),
  });
  reader.start();
  onTestFinished(() => reader.stop());
  return tried;
}

const areDone = () =>
  waitFor("them to be done", async () => (await context.redis.client.xlen(INVOCATIONS_KEY)) === 0);

test("a call that is refused for a limit, and is made meanwhile for somebody who waits for it, is not made again", async () => {
  const own = await target();
  const functions = { here: () => own, ready: async () => own };
  const tried = start("c", functions, () => ({ outcome: "too-many-requests", message: "", details: "" }));
  const entry = await add("one");
  await waitFor("the first", async () => tried.length > 0);
  await context.redis.client.xdel(INVOCATIONS_KEY, entry);
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
  const [own, others] = [await target(), await target("another")];
  const reading = (consumer: string, here: Target, ready: Target) =>
    start(consumer, { here: () => here, ready: async () => ready }, ({ callable }) =>
      callable.answeredBy === undefined ? DONE : { outcome: "unavailable", message: "", details: "" },
    );
  const abandoned = async () => {
    const pending = await context.redis.client.xpending(
      INVOCATIONS_KEY,
      "runtimes",
      "IDLE",
      5_000,
      "-",
      "+",
      9,
    );
    return (pending as unknown[]).length;
  };
  // Who answers is known; and it turns out once the function is put together.
  const standby = reading("standby", others, others);
  await add("one");
  await waitFor("the first to be anybody's", async () => (await abandoned()) === 1);
  expect(standby).toEqual([]);
  const waking = reading("waking", own, others);
  await waitFor("it to be tried where nobody knew", () => waking.includes("one"));
  await waitFor("it to be anybody's again", async () => (await abandoned()) === 1);
  const owner = reading("owner", own, own);
  await areDone();
  expect(owner).toEqual(["one"]);
  expect(standby).toEqual([]);
});

test("calls of a function that nobody has are read once, and taken when somebody has it", async () => {
  const own = await target();
  let here: Target | undefined;
  const tried = start("c", { here: () => here, ready: async () => here }, () => DONE);
  const asked = async (command: string): Promise<number> => {
    const stats = await context.redis.client.info("commandstats");
    return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
  };
  const before = await asked("xrange");
  for (const run of ["one", "two"]) await add(run);
  await waitFor("them to be read", async () => (await asked("xrange")) >= before + 2);
  const looks = await asked("xpending");
  await waitFor("more looks", async () => (await asked("xpending")) >= looks + 3);
  expect(await asked("xrange")).toBe(before + 2);
  here = own;
  await areDone();
  expect(tried.sort()).toEqual(["one", "two"]);
});
