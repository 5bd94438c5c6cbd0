import { rm } from "node:fs/promises";
import { INVOCATIONS_KEY, RUNS_KEY } from "@gaugelet/shared/keys";
import { documentedRights } from "@gaugelet/testing/documented-rights";
import { makeFunctionFolder } from "@gaugelet/testing/function-folder";
import { waitFor } from "@gaugelet/testing/wait";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fileOf, runsOf } from "./run-functions.ts";
import { useApi } from "./use-api.ts";

const CODE = `
def handler(input, context):
    if input["n"] < 0: raise ValueError("no luck")
    return input
`;

const api = useApi("embedded");

let folder: string;
beforeEach(async () => {
  folder = await makeFunctionFolder("redis-user");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("a Redis user with the documented rights is enough for calls, runs, topics and what else the API does", async () => {
  const { client } = api.redis;
  const [command = "", ...rights] = await documentedRights("runtime");
  await client.call(command, ...rights);
  await client.call("ACL", "LOG", "RESET");
  // A call that another runtime left behind.
  const left = {
    function: "echo",
    user: "admin",
    shard: "",
    owner: "",
    runId: "left",
    queuedAt: "1",
    body: '{"n":1}',
  };
  await client.xgroup("CREATE", INVOCATIONS_KEY, "runtimes", "0", "MKSTREAM");
  const id = (await client.xadd(INVOCATIONS_KEY, "*", ...Object.entries(left).flat())) ?? "";
  await client.xreadgroup("GROUP", "runtimes", "gone", "COUNT", 1, "STREAMS", INVOCATIONS_KEY, ">");
  await client.xclaim(INVOCATIONS_KEY, "runtimes", "gone", 0, id, "IDLE", 60_000, "JUSTID");
  const manifest =
    "state: none, triggers: [{ http: true }, { topic: numbers, start: oldest, retries: { attempts: 1 } }]";
  const started = await api.start(
    { REDIS_USERNAME: "runtime", REDIS_PASSWORD: "password" },
    await fileOf(folder, [{ name: "echo", code: CODE, manifest }]),
  );
  const { ask, url, token } = started;
  const invoke = async (mode: string, key?: string): Promise<string> => {
    const response = await fetch(`${url}/api/v1/functions/echo/invocations`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        ...(key === undefined ? {} : { "idempotency-key": key }),
      },
      body: JSON.stringify({ mode, input: { n: 2 } }),
    });
    expect(response.status).toBe(mode === "sync" ? 200 : 202);
    return ((await response.json()) as { run: string }).run;
  };
  for (const mode of ["sync", "async"]) {
    await invoke(mode);
    expect(await invoke(mode, mode)).toBe(await invoke(mode, mode));
  }
  await ask("POST", "/topics", { name: "numbers" });
  for (const n of [1, -1]) await ask("POST", "/topics/numbers/events", { value: { n } });
  await waitFor("the dead letter", async () => {
    return (await ask("GET", "/functions/echo/dead-letters")).body.items?.length === 1;
  });
  await waitFor("the instance", async () => (await ask("GET", "/instances")).body.items?.length === 1);
  await runsOf(started, "function=echo&trigger=invocation", 5);
  await runsOf(started, "function=echo&trigger=topic", 2);
  for (const key of [INVOCATIONS_KEY, RUNS_KEY]) {
    await waitFor(`${key} to be empty`, async () => (await client.xlen(key)) === 0);
  }
  const denials = (await client.call("ACL", "LOG")) as unknown[];
  // The library introduces itself; that this is refused does no harm.
  expect(denials.filter((denial) => !JSON.stringify(denial).includes("setinfo"))).toEqual([]);
});
