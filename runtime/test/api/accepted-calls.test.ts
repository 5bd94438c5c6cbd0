import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { INVOCATIONS_KEY } from "@gaugelet/shared/keys";
import { makeFunctionFolder } from "@gaugelet/testing/function-folder";
import { waitFor } from "@gaugelet/testing/wait";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fileOf, runsOf } from "./run-functions.ts";
import { type ApiAnswer, type ApiUnderTest, useApi } from "./use-api.ts";

const GROUP = "runtimes";
const ECHO = `
def handler(input, context):
    return {"n": input.get("n")}
`;
/** Fails in one way or another until there is a file. */
const MENDED = `
import os, time
def handler(input, context):
    if os.path.exists(input["mended"]): return {"n": 1}
    if input["do"] == "sleep": time.sleep(60)
    if input["do"] == "exit": os._exit(3)
    raise ValueError("broken")
`;
/** Answers once there is a file. */
const WAITING = `
import os, time
def handler(input, context):
    while not os.path.exists(FILE): time.sleep(0.05)
    return {"n": 1}
`;

/** Fails once there is a file, and writes down that it was called. */
const FAILING =
  WAITING.replace("def handler", "def wait").replace('return {"n": 1}', "pass") +
  `
def handler(input, context):
    with open(FILE + ".calls", "a") as calls: calls.write(".")
    wait(input, context)
    raise ValueError("broken")
`;

const api = useApi("postgresql");

let folder: string;
beforeEach(async () => {
  folder = await makeFunctionFolder("accepted");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Call a function through the API. @param key of the call, if it has one. */
async function invoke({ url, token }: ApiUnderTest, name: string, body: object, key?: string) {
  const response = await fetch(`${url}/api/v1/functions/${name}/invocations`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      ...(key === undefined ? {} : { "idempotency-key": key }),
    },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as ApiAnswer["body"] };
}

/** Wait until a run has a status. */
async function whenRun({ ask }: ApiUnderTest, run: string, status: string): Promise<void> {
  await waitFor(`run ${run} to be ${status}`, async () => {
    return (await ask("GET", `/runs/${run}`)).body.status === status;
  });
}

/** A call as the API leaves it in Redis. */
function entryOf(name: string, runId: string): string[] {
  const fields = { function: name, user: "admin", shard: "", owner: "", runId, queuedAt: String(Date.now()) };
  return [...Object.entries(fields).flat(), "body", '{"n":1}'];
}

test("a call with a key that Redis did not keep is kept the next time, and is one run", async () => {
  const started = await api.start({}, await fileOf(folder, [{ name: "echo", code: ECHO }]));
  const { client } = started.redis;
  const ask = () => invoke(started, "echo", { mode: "async", input: { n: 1 } }, "key");
  await client.call("ACL", "SETUSER", "default", "-xadd");
  try {
    expect(await ask()).toMatchObject({ status: 503, body: { type: "/problems/unavailable" } });
  } finally {
    await client.call("ACL", "SETUSER", "default", "+xadd");
  }
  const kept = await ask();
  expect(kept.status).toBe(202);
  expect(await ask()).toEqual(kept);
  await whenRun(started, kept.body.run, "completed");
  expect(await ask()).toEqual(kept);
  await waitFor("the call to be over", async () => (await client.xlen(INVOCATIONS_KEY)) === 0);
  await runsOf(started, "function=echo", 1);
});

test("a call with a key that was refused is carried out where it is accepted then", async () => {
  const manifest = "owner: ada, state: none, triggers: [{ http: true }]";
  const started = await api.start({}, await fileOf(folder, [{ name: "echo", code: ECHO, manifest }]));
  await started.ask("PUT", "/budgets/ada", { amount: "0", isHard: true });
  const ask = (mode: string) => invoke(started, "echo", { mode, input: { n: 1 } }, "key");
  expect(await ask("sync")).toMatchObject({ status: 429, body: { type: "/problems/budget-spent" } });
  const accepted = await ask("async");
  expect(accepted.status).toBe(202);
  await started.ask("DELETE", "/budgets/ada");
  await whenRun(started, accepted.body.run, "completed");
  expect((await ask("sync")).body).toMatchObject({ run: accepted.body.run, output: { n: 1 } });
  await runsOf(started, "function=echo", 1);
});

test("a call that was accepted while its function was paused is checked by its schema all the same", async () => {
  const started = await api.start();
  const manifest = { handler: "handler.handler", triggers: [{ http: true }], input: { required: ["n"] } };
  await started.ask("POST", "/functions", { name: "echo", manifest, files: { "handler.py": ECHO } });
  await started.ask("POST", "/functions/echo/pause");
  const runOf = async (input: object): Promise<string> =>
    (await invoke(started, "echo", { mode: "async", input })).body.run;
  const [wrong, right] = [await runOf({ m: 1 }), await runOf({ n: 1 })];
  await started.ask("POST", "/functions/echo/resume");
  await whenRun(started, right, "completed");
  await whenRun(started, wrong, "rejected");
  expect((await started.ask("GET", `/runs/${wrong}`)).body.error).toBe("must have required property 'n'");
  const { client } = started.redis;
  await waitFor("both to be over", async () => (await client.xlen(INVOCATIONS_KEY)) === 0);
});

test.each(["sync", "async"])(
  "a call with mode %s and a key that failed is another run the next time, and one that did not is the same",
  async (mode) => {
    const manifest = "state: none, limits: { timeout: 300ms }, triggers: [{ http: true }]";
    const started = await api.start({}, await fileOf(folder, [{ name: "mended", code: MENDED, manifest }]));
    for (const [ways, status] of [
      ["raise", "failed"],
      ["sleep", "timed-out"],
      ["exit", "killed"],
    ] as const) {
      const mended = join(folder, ways);
      const ask = async (): Promise<string> =>
        (await invoke(started, "mended", { mode, input: { do: ways, mended } }, ways)).body.run;
      const failed = await ask();
      await whenRun(started, failed, status);
      await writeFile(mended, "");
      const next = await waitFor(`another run than the one that is ${status}`, async () => {
        const run = await ask();
        return run === failed ? undefined : run;
      });
      await whenRun(started, next, "completed");
      expect(await ask()).toBe(next);
      await whenRun(started, failed, status);
    }
  },
);

test("a call that was left behind is taken over, however many of other functions were before it", async () => {
  const started = await api.start({}, await fileOf(folder, [{ name: "echo", code: ECHO }]));
  const { client } = started.redis;
  await waitFor("whoever takes calls over", async () => (await client.exists(INVOCATIONS_KEY)) === 1);
  const ids = Array.from({ length: 71 }, (_, n) => `${n + 1}-0`);
  const left = client.multi();
  for (const [n, id] of ids.entries()) {
    left.xadd(INVOCATIONS_KEY, id, ...(n < 70 ? entryOf("elsewhere", `other-${n}`) : entryOf("echo", "own")));
  }
  left.xreadgroup("GROUP", GROUP, "gone", "COUNT", ids.length, "STREAMS", INVOCATIONS_KEY, ">");
  left.xclaim(INVOCATIONS_KEY, GROUP, "gone", 0, ...ids, "IDLE", 60_000, "JUSTID");
  await left.exec();
  await whenRun(started, "own", "completed");
  await waitFor("the call to be over", async () => (await client.xlen(INVOCATIONS_KEY)) === 70);
});

test.each(["budget-spent", "too-many-requests"])(
  "calls that are refused as %s keep none of others from being carried out, however many they are",
  async (problem) => {
    const of = (name: string, owner: string) => ({
      name,
      code: ECHO,
      manifest: `owner: ${owner}, state: none, triggers: [{ http: true }]`,
    });
    const file = await fileOf(folder, [of("refused", "ada"), of("other", "bob")]);
    const rate = { GAUGELET_OWNER_RATE: "0.001", GAUGELET_OWNER_BURST: "1" };
    const started = await api.start(problem === "too-many-requests" ? rate : {}, file);
    if (problem === "budget-spent") await started.ask("PUT", "/budgets/ada", { amount: "0", isHard: true });
    await waitFor("calls to be refused", async () => {
      const { body } = await invoke(started, "refused", { mode: "sync", input: { n: 1 } });
      return body.type === `/problems/${problem}`;
    });
    const { client } = started.redis;
    const many = client.pipeline();
    for (let n = 0; n < 1_100; n += 1) many.xadd(INVOCATIONS_KEY, "*", ...entryOf("refused", `refused-${n}`));
    await many.exec();
    const other = await invoke(started, "other", { mode: "async", input: { n: 1 } });
    await whenRun(started, other.body.run, "completed");
    await waitFor("it alone to be over", async () => (await client.xlen(INVOCATIONS_KEY)) === 1_100);
  },
);

test("a slow function keeps none of others from being carried out, however many of its calls wait", async () => {
  const file = join(folder, "go");
  const waiting = WAITING.replace("FILE", JSON.stringify(file));
  const manifest = "state: none, limits: { timeout: 10m }, triggers: [{ http: true }]";
  const functions = [
    { name: "slow", code: waiting, manifest },
    { name: "other", code: ECHO, manifest },
  ];
  const started = await api.start({}, await fileOf(folder, functions));
  const { client } = started.redis;
  const many = client.pipeline();
  const count = 3_000;
  for (let n = 0; n < count; n += 1) many.xadd(INVOCATIONS_KEY, "*", ...entryOf("slow", `slow-${n}`));
  await many.exec();
  const other = await invoke(started, "other", { mode: "async", input: { n: 1 } });
  await whenRun(started, other.body.run, "completed");
  await waitFor("it alone to be over", async () => (await client.xlen(INVOCATIONS_KEY)) === count);
  await writeFile(file, "");
  await waitFor("all to be over", async () => (await client.xlen(INVOCATIONS_KEY)) === 0);
  await waitFor("each to be recorded once", async () => {
    const { items } = (await started.ask("GET", "/usage?group=function")).body;
    return items.some((item: { function: string; runs: string }) => {
      return item.function === "slow" && Number(item.runs) === count;
    });
  });
});

test("a call that is accepted while the same is waited for is that one, also where it fails", async () => {
  const file = join(folder, "go");
  const manifest = "state: none, triggers: [{ http: true }]";
  const code = FAILING.replaceAll("FILE", JSON.stringify(file));
  const started = await api.start({}, await fileOf(folder, [{ name: "failing", code, manifest }]));
  const ask = (mode: string) => invoke(started, "failing", { mode, input: { n: 1 } }, "key");
  const waitedFor = ask("sync");
  const calls = async (): Promise<string> => await readFile(`${file}.calls`, "utf8").catch(() => "");
  await waitFor("the first to be under way", async () => (await calls()) === ".");
  const accepted = await ask("async");
  expect(accepted.status).toBe(202);
  const { client } = started.redis;
  // Taken up, which is to be said to others.
  await waitFor("the second to be taken up", async () => {
    const [count] = (await client.xpending(INVOCATIONS_KEY, GROUP)) as [number];
    return count === 1;
  });
  await writeFile(file, "");
  expect((await waitedFor).body).toMatchObject({ run: accepted.body.run, status: "failed" });
  await waitFor("both to be over", async () => (await client.xlen(INVOCATIONS_KEY)) === 0);
  await whenRun(started, accepted.body.run, "failed");
  expect(await calls()).toBe(".");
});

test("a call that is accepted while the same is waited for, and fails before it is taken up, is over with it", async () => {
  const file = join(folder, "go");
  const manifest = "state: none, limits: { timeout: 10m }, triggers: [{ http: true }]";
  const code = FAILING.replaceAll("FILE", JSON.stringify(file));
  const started = await api.start({}, await fileOf(folder, [{ name: "failing", code, manifest }]));
  const { client } = started.redis;
  await waitFor("the group", async () => (await client.exists(INVOCATIONS_KEY)) === 1);
  const ask = (mode: string) => invoke(started, "failing", { mode, input: { n: 1 } }, "key");
  const waitedFor = ask("sync");
  const calls = async (): Promise<string> => await readFile(`${file}.calls`, "utf8").catch(() => "");
  await waitFor("the first to be under way", async () => (await calls()) === ".");
  // Nobody takes it up.
  await client.call("ACL", "SETUSER", "default", "-xreadgroup");
  let accepted: Awaited<ReturnType<typeof ask>>;
  try {
    await waitFor("nobody to wait for calls", async () => {
      const clients = (await client.call("CLIENT", "LIST")) as string;
      // Who waits for what is to be recorded reads in another way.
      return !/ flags=\w*b\w* .* cmd=xreadgroup /.test(clients);
    });
    accepted = await ask("async");
    expect(accepted.status).toBe(202);
    const [taken] = await client.xpending(INVOCATIONS_KEY, GROUP);
    expect(taken).toBe(0);
    await writeFile(file, "");
    expect((await waitedFor).body).toMatchObject({ run: accepted.body.run, status: "failed" });
  } finally {
    await client.call("ACL", "SETUSER", "default", "+xreadgroup");
  }
  const next = await ask("sync");
  expect(next.body).toMatchObject({ status: "failed" });
  expect(next.body.run).not.toBe(accepted.body.run);
  const other = await invoke(started, "failing", { mode: "async", input: { n: 2 } });
  await whenRun(started, other.body.run, "failed");
  await waitFor("all to be over", async () => (await client.xlen(INVOCATIONS_KEY)) === 0);
  expect(await calls()).toBe("...");
  await whenRun(started, accepted.body.run, "failed");
});

test("a call that is accepted, and fails for somebody who waits for the same, is kept until its run is", async () => {
  const file = join(folder, "go");
  const manifest = "state: none, triggers: [{ http: true }]";
  const code = FAILING.replaceAll("FILE", JSON.stringify(file));
  const started = await api.start({}, await fileOf(folder, [{ name: "failing", code, manifest }]));
  const { client } = started.redis;
  const ask = (mode: string) => invoke(started, "failing", { mode, input: { n: 1 } }, "key");
  const waitedFor = ask("sync");
  const calls = async (): Promise<string> => await readFile(`${file}.calls`, "utf8").catch(() => "");
  await waitFor("the first to be under way", async () => (await calls()) === ".");
  const accepted = await ask("async");
  await waitFor("the second to be taken up", async () => {
    const [count] = (await client.xpending(INVOCATIONS_KEY, GROUP)) as [number];
    return count === 1;
  });
  const reads = async (): Promise<number> =>
    Number(/cmdstat_xreadgroup:calls=(\d+)/.exec(await client.info("commandstats"))?.[1]);
  // Nothing is recorded any more.
  await client.config("SET", "maxmemory", "1");
  try {
    await writeFile(file, "");
    expect((await waitedFor).body).toMatchObject({ run: accepted.body.run, status: "failed" });
    const before = await reads();
    await waitFor("whoever takes calls up to go on", async () => (await reads()) > before + 1);
    expect(await client.xlen(INVOCATIONS_KEY)).toBe(1);
  } finally {
    await client.config("SET", "maxmemory", "0");
  }
  await waitFor("both to be over", async () => (await client.xlen(INVOCATIONS_KEY)) === 0);
  await whenRun(started, accepted.body.run, "failed");
  expect(await calls()).toBe(".");
});
