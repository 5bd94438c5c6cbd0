import { existsSync } from "node:fs";
import { waitFor } from "@gaugelet/testing/wait";
import { expect, test } from "vitest";
import { useRuntime, workersOf } from "./harness.ts";

const runtime = useRuntime();

/** Keeps what real functions keep, and says in its output whether all of it has its type. */
const KEEPING = `import os
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

@dataclass
class Peak:
    value: float

def handler(input, context):
    env = context.env
    if not env:
        env["since"] = datetime(2026, 11, 21, 5, 54, 49, 519937)
        env["window"] = deque(maxlen=5)
        env["pair"] = (1, "two")
        env["per_cpu"] = {0: [], 1: []}
        env["peak"] = Peak(0.0)
    env["window"].append((env["since"] + timedelta(seconds=input["n"]), input["n"]))
    env["per_cpu"][0].append(input["n"])
    env["peak"].value = max(env["peak"].value, input["n"])
    types = [type(env["since"]) is datetime, type(env["window"]) is deque, env["window"].maxlen == 5,
             type(env["window"][0]) is tuple, env["pair"] == (1, "two"), 0 in env["per_cpu"],
             type(env["peak"]) is Peak]
    return {"n": input["n"], "window": [n for _, n in env["window"]], "all": env["per_cpu"][0],
            "peak": env["peak"].value, "types": all(types), "pid": os.getpid(), "id": id(env["window"])}
`;

test("env is the same live object from call to call", async () => {
  await runtime.dropIn(KEEPING);
  await runtime.input({ n: 1 });
  const first = await runtime.output(({ n }) => n === 1);
  await runtime.input({ n: 2 });
  const second = await runtime.output(({ n }) => n === 2);
  expect([second.pid, second.id]).toEqual([first.pid, first.id]);
});

test("env comes back with its types when the worker is killed between calls, and when the runtime restarts", async () => {
  const first = await runtime.dropIn(KEEPING);
  await runtime.input({ n: 1 });
  const before = await runtime.output(({ n }) => n === 1);
  process.kill(before.pid as number, "SIGKILL");
  await first.logged(/the function's process was killed by SIGKILL.*a new one starts in/);
  await waitFor("another worker", async () => {
    const workers = await workersOf(process.pid);
    return workers.length === 1 && workers[0] !== before.pid;
  });
  expect(await first.metric('gaugelet_worker_restarts_total{function="out",cause="exit"}')).toBe(1);
  await runtime.input({ n: 2 });
  expect(await runtime.output(({ n }) => n === 2)).toMatchObject({ all: [1, 2], types: true });
  await first.stop();

  await runtime.dropIn(KEEPING);
  await runtime.input({ n: 3 });
  expect(await runtime.output(({ n }) => n === 3)).toMatchObject({ all: [1, 2, 3], peak: 3, types: true });
});

test("an event whose worker is killed from outside is handled by the next worker", async () => {
  const started = await runtime.dropIn(
    `import os, time
def handler(input, context):
    context.env["calls"] = context.env.get("calls", 0) + 1
    if input.get("slow") and not os.path.exists("${"MARKER"}"):
        open("MARKER", "w").close()
        time.sleep(60)
    return {"n": input["n"], "calls": context.env["calls"]}
`.replaceAll("MARKER", `${runtime.folder}/marker`),
  );
  await runtime.input({ n: 1 });
  await runtime.output(({ n }) => n === 1);
  await runtime.input({ n: 2, slow: true });
  await waitFor("the slow call", () => existsSync(`${runtime.folder}/marker`));
  for (const pid of await workersOf(process.pid)) process.kill(pid, "SIGKILL");
  // The lost attempt changed an env that was never stored, so it counts once.
  expect(await runtime.output(({ n }) => n === 2)).toEqual({ n: 2, calls: 2 });
  await started.logged(/during a call, .*; it is called again/);
});

test("a handler that raises keeps the changes it made to env", async () => {
  const started = await runtime.dropIn(`def handler(input, context):
    context.env["calls"] = context.env.get("calls", 0) + 1
    if input.get("bad"):
        raise ValueError("bad")
    return {"calls": context.env["calls"]}
`);
  await runtime.input({ n: 1, bad: true });
  await started.logged("ValueError: bad");
  await runtime.input({ n: 2 });
  expect(await runtime.output()).toEqual({ calls: 2 });
});

test("replacing env counts as changing it", async () => {
  const source = `def handler(input, context):
    context.env = {"sum": context.env.get("sum", 0) + input["n"]}
    return {"n": input["n"], "sum": context.env["sum"]}
`;
  const first = await runtime.dropIn(source);
  await runtime.input({ n: 1 });
  await runtime.output(({ n }) => n === 1);
  await runtime.input({ n: 2 });
  await runtime.output(({ n, sum }) => n === 2 && sum === 3);
  await first.stop();
  await runtime.dropIn(source);
  await runtime.input({ n: 4 });
  await runtime.output(({ n, sum }) => n === 4 && sum === 7);
});

test("an env that cannot be saved is reported once, and the function goes on", async () => {
  const started = await runtime.dropIn(`import threading
def handler(input, context):
    context.env.setdefault("lock", threading.Lock())
    context.env["calls"] = context.env.get("calls", 0) + 1
    return {"n": input["n"], "calls": context.env["calls"]}
`);
  for (const n of [1, 2, 3]) {
    await runtime.input({ n });
    await runtime.output((output) => output.n === n && output.calls === n);
  }
  const lines = started.log.filter(({ msg }) => msg.includes("cannot be saved"));
  expect(lines).toHaveLength(1);
  expect(lines[0]?.msg).toMatch(
    /context\.env\['lock'\] cannot be saved: .*the function goes on, but a restart gives it the env that was last saved/,
  );
});

test("bytes that a stranger stored as env are not run, and the function begins with an empty env", async () => {
  const marker = `${runtime.folder}/owned`;
  // A pickle that calls os.system("touch …").
  const pickle = `cposix\nsystem\n(S'touch ${marker}'\ntR.`;
  await runtime.redis.client.set("gaugelet:env:{out}", pickle);
  const started = await runtime.dropIn(
    "def handler(input, context):\n    return {'n': input['n'], 'env': len(context.env)}\n",
  );
  await runtime.input({ n: 1 });
  expect(await runtime.output()).toEqual({ n: 1, env: 0 });
  await started.logged(
    /the saved env cannot be read: posix\.system is not allowed in env; the function begins with an empty env/,
  );
  expect(existsSync(marker)).toBe(false);
});

test("the context says what design and users expect", async () => {
  await runtime.dropIn(
    `from datetime import datetime
def handler(input, context):
    try:
        context.host = "other"
    except AttributeError as error:
        refused = str(error)
    last = context.last_execution
    return {"n": input["n"], "host": context.host, "port": context.port, "input_key": context.input_key,
            "output_key": context.output_key, "refused": refused, "first": last is None,
            "naive": last is None or (isinstance(last, datetime) and last.tzinfo is None),
            "recent": last is None or abs((datetime.now() - last).total_seconds()) < 60,
            "getmtime": str(datetime.strptime(context.function_getmtime, "%Y-%m-%d %H:%M:%S")) == context.function_getmtime}
`,
    { REDIS_INPUT_KEY: "measurements[1]" },
  );
  await runtime.input({ n: 1 }, "measurements[1]");
  expect(await runtime.output(({ n }) => n === 1)).toEqual({
    n: 1,
    host: "127.0.0.1",
    port: runtime.redis.port,
    input_key: "measurements[1]",
    output_key: "out",
    refused: "context.host is read-only",
    first: true,
    naive: true,
    recent: true,
    getmtime: true,
  });
  await runtime.input({ n: 2 }, "measurements[1]");
  expect(await runtime.output(({ n }) => n === 2)).toMatchObject({ first: false, naive: true, recent: true });
});

test("state: none gives every call an empty env and saves none", async () => {
  const file = await runtime.write(
    "handler.py",
    "def handler(input, context):\n    context.env['x'] = context.env.get('x', 0) + 1\n    return {'n': input['n'], 'x': context.env['x']}\n",
  );
  const configuration = await runtime.write(
    "gaugelet.yaml",
    `functions: [{ name: pure, source: ${file}, handler: handler.handler, state: none, triggers: [{ redisKey: metrics }], output: { key: out } }]\n`,
  );
  await runtime.start({ GAUGELET_CONFIG: configuration });
  for (const n of [1, 2]) {
    await runtime.input({ n });
    await runtime.output((output) => output.n === n && output.x === 1);
  }
  expect(await runtime.redis.client.exists("gaugelet:env:{out}")).toBe(0);
});
