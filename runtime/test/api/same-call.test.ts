import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { callKey } from "@gaugelet/shared/keys";
import { makeFunctionFolder } from "@gaugelet/testing/function-folder";
import { waitFor } from "@gaugelet/testing/wait";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fileOf, runsOf } from "./run-functions.ts";
import { type ApiUnderTest, useApi } from "./use-api.ts";

/** Writes down that it was called, and answers, or fails where it is told to, once there is a file. */
const WAITING = `
import os, time
def handler(input, context):
    with open(FILE + ".calls", "a") as calls: calls.write(".")
    while not os.path.exists(FILE): time.sleep(0.05)
    if os.path.exists(FILE + ".fail"): raise ValueError("broken")
    return {"n": 1}
`;
const OUTPUT_KEY = "gaugelet:output:waiting";

const api = useApi("postgresql");

let folder: string;
beforeEach(async () => {
  folder = await makeFunctionFolder("same-call");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Two runtimes over one database that have a function without env, which each of them calls. */
async function replicas(): Promise<[ApiUnderTest, ApiUnderTest]> {
  const code = WAITING.replaceAll("FILE", JSON.stringify(join(folder, "go")));
  const file = await fileOf(folder, [{ name: "waiting", code }]);
  const one = await api.start({}, file);
  return [one, await api.start({ DATABASE_URL: one.database ?? "" }, file)];
}

const calls = async (): Promise<string> => await readFile(join(folder, "go.calls"), "utf8").catch(() => "");

async function post({ url, token }: ApiUnderTest, path: string, body: object) {
  const response = await fetch(url + path, {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      "idempotency-key": "key",
    },
    body: JSON.stringify(body),
  });
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it as they expect it to be.
  return { status: response.status, body: (await response.json()) as any };
}

/** Through the API. */
const invoke = (runtime: ApiUnderTest) => post(runtime, "/api/v1/functions/waiting/invocations", {});
const call = (runtime: ApiUnderTest) => post(runtime, "/functions/waiting", {});

/** Ask both runtimes, the second while the first is under way, and let the function go on when that waits. */
async function askBoth([one, other]: [ApiUnderTest, ApiUnderTest], ask: typeof invoke) {
  const first = ask(one);
  await waitFor("the first to be under way", async () => (await calls()) === ".");
  const second = ask(other);
  await sleep(500);
  await writeFile(join(folder, "go"), "");
  return await Promise.all([first, second]);
}

test.each([
  ["through the API", invoke],
  ["over HTTP", call],
])("calls %s with one key at two runtimes at once are one", async (_, ask) => {
  const [one, other] = await replicas();
  const [first, second] = await askBoth([one, other], ask);
  expect(second).toMatchObject({ status: 200, body: ask === call ? { n: 1 } : { output: { n: 1 } } });
  expect(second.body.run).toBe(first.body.run);
  expect(await calls()).toBe(".");
  await runsOf(one, "function=waiting", 1);
  expect((await one.ask("GET", "/usage?group=function")).body.items).toMatchObject([{ runs: 1 }]);
});

test("where one of them fails the other is told to call again, and that is another run", async () => {
  const [one, other] = await replicas();
  await writeFile(join(folder, "go.fail"), "");
  const [first, second] = await askBoth([one, other], invoke);
  expect(first.body).toMatchObject({ status: "failed" });
  expect(second).toMatchObject({ status: 503, body: { type: "/problems/unavailable" } });
  expect(await calls()).toBe(".");
  await rm(join(folder, "go.fail"));
  const again = await invoke(other);
  expect(again.body).toMatchObject({ status: "completed" });
  expect(again.body.run).not.toBe(first.body.run);
  await runsOf(one, "function=waiting", 2);
  expect((await one.ask("GET", "/usage?group=function")).body.items).toMatchObject([{ runs: 2 }]);
});

test("a call of a runtime that ends meanwhile is made by another", async () => {
  const [one] = await replicas();
  const { client } = one.redis;
  await client.set(callKey(OUTPUT_KEY, "key"), "another");
  await writeFile(join(folder, "go"), "");
  const answer = call(one);
  await sleep(1_000);
  expect(await calls()).toBe("");
  // As it is where nobody says so any more.
  await client.del(callKey(OUTPUT_KEY, "key"));
  expect(await answer).toMatchObject({ status: 200, body: { n: 1 } });
});
