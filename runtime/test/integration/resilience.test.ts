import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "@gaugelet/testing/wait";
import { expect, test } from "vitest";
import { PYTHON, useRuntime, workersOf } from "./harness.ts";

const runtime = useRuntime();
const ECHO = "def handler(input, context):\n    return {'n': input['n']}\n";

/** A configuration with one function, named f, with more lines of its manifest. */
async function configured(source: string, more: string): Promise<string> {
  const file = await runtime.write("handler.py", source);
  return runtime.write(
    "gaugelet.yaml",
    `functions:\n  - name: f\n    source: ${file}\n    handler: handler.handler\n    output: { key: out }\n${more}`,
  );
}

test("a log level with the name of something else is a level like any other", async () => {
  const started = await runtime.dropIn(`import logging
logging.addLevelName(25, "constructor")
def handler(input, context):
    logging.log(25, "odd level")
    return {"n": input["n"]}
`);
  await runtime.input({ n: 1 });
  await runtime.output();
  expect(await started.logged("odd level")).toMatchObject({ level: "info" });
});

test("no tick of an interval comes twice", async () => {
  const configuration = await configured(
    `def handler(input, context):
    context.env.setdefault("ticks", []).append(input["timestamp"])
    return {"ticks": context.env["ticks"]}
`,
    "    triggers: [{ schedule: 50ms }]\n",
  );
  await runtime.start({ GAUGELET_CONFIG: configuration });
  const { ticks } = await runtime.output(({ ticks }) => (ticks as string[]).length >= 60);
  const times = (ticks as string[]).map((tick) => Date.parse(tick));
  const periods = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 50;
  expect(times.length - 1).toBeLessThanOrEqual(Math.round(periods) + 1);
});

test("the runtime stops although Redis hangs in the middle of a store", async () => {
  const started = await runtime.dropIn(`import pathlib, time
def handler(input, context):
    pathlib.Path("called").touch()
    time.sleep(0.3)
    return {"n": input["n"]}
`);
  await runtime.input({ n: 1 });
  await waitFor("the call", () => readFile(join(runtime.folder, "called")).then(() => true));
  runtime.redis.freeze();
  await sleep(600);
  const ready = await fetch(`http://127.0.0.1:${started.ports.management}/readyz`);
  expect([ready.status, await ready.text()]).toEqual([503, "redis: down\nfunction out: ready\n"]);
  await started.stop();
  runtime.redis.thaw();
});

test("the runtime stops although a handler and an import hang", async () => {
  const hanging = await runtime.dropIn("import time\ndef handler(input, context):\n    time.sleep(3600)\n");
  await runtime.input({ n: 1 });
  await waitFor("a worker", async () => (await workersOf(process.pid)).length === 1);
  await sleep(300);
  await hanging.stop();
  const importing = await runtime.dropIn("import time\ntime.sleep(3600)\n");
  await waitFor("a worker", async () => (await workersOf(process.pid)).length === 1);
  await importing.stop();
});

test("code that is mended while its call hangs takes over, and one worker is left", async () => {
  const configuration = await configured(
    "import pathlib, time\ndef handler(input, context):\n    pathlib.Path('called').touch()\n    time.sleep(3600)\n",
    "    triggers: [{ redisKey: metrics }]\n    limits: { timeout: 3s }\n",
  );
  const started = await runtime.start({ GAUGELET_CONFIG: configuration });
  await runtime.input({ n: 1 });
  await waitFor("the call", () => readFile(join(runtime.folder, "called")).then(() => true));
  await runtime.write("handler.py", ECHO);
  await started.logged("took longer than its limit");
  await runtime.input({ n: 2 });
  await runtime.output(({ n }) => n === 2);
  await waitFor("one worker", async () => (await workersOf(process.pid)).length === 1);
});

test("code that changes while an older version is being imported is not forgotten", async () => {
  const started = await runtime.dropIn("import time\ntime.sleep(3600)\n");
  await waitFor("a worker", async () => (await workersOf(process.pid)).length === 1);
  await sleep(1500);
  await runtime.write("handler.py", ECHO);
  await runtime.input({ n: 1 });
  await runtime.output(({ n }) => n === 1);
  expect(started.log.filter(({ msg }) => msg.startsWith("function loaded"))).toHaveLength(1);
});

test("a new version that cannot read the env of the old one does not take over", async () => {
  const version = (name: string): string => `class ${name}:
    n = 0
def handler(input, context):
    kept = context.env.setdefault("kept", ${name}())
    kept.n += 1
    return {"n": input["n"], "kept": kept.n}
`;
  const started = await runtime.dropIn(version("Before"));
  await runtime.input({ n: 1 });
  await runtime.output(({ kept }) => kept === 1);
  await runtime.write("handler.py", version("After"));
  await started.logged(/cannot take over env, the old version stays: .*Before/);
  await runtime.input({ n: 2 });
  await runtime.output(({ n, kept }) => n === 2 && kept === 2);
});

/** A second runtime of a handler, with an event: the first has stored the `env` of another one. */
async function startedAgain(source: string) {
  const first = await runtime.dropIn(source);
  await runtime.input({ n: 1 });
  await runtime.output(({ n }) => n === 1);
  await first.stop();
  const second = await runtime.dropIn(source);
  await runtime.input({ n: 2 });
  return second;
}

test("an env that ends the process that reads it is given up", async () => {
  const source = `import os
class Deadly:
    def __setstate__(self, state):
        os._exit(7)
def handler(input, context):
    context.env["deadly"] = Deadly()
    context.env["deadly"].x = 1
    return {"n": input["n"]}
`;
  const second = await startedAgain(source);
  await runtime.output(({ n }) => n === 2);
  await second.logged(/ended with exit code 7.* while it read the saved env/);
  await second.logged(
    "the saved env ends every process that reads it; the function begins with an empty env",
  );
});

test("a runtime that is stopped while an env is read blames nobody", async () => {
  const source = `import pathlib, time
class Slow:
    def __setstate__(self, state):
        pathlib.Path("reading").touch()
        time.sleep(60)
def handler(input, context):
    context.env["slow"] = Slow()
    context.env["slow"].x = 1
    return {"n": input["n"]}
`;
  const second = await startedAgain(source);
  await waitFor("the env to be read", () => readFile(join(runtime.folder, "reading")).then(() => true));
  await second.stop();
  expect(second.log.filter(({ level }) => level === "error")).toEqual([]);
});

test("an answer forged while the function is imported ends that process and no more", async () => {
  const started = await runtime.dropIn(
    "import os\nos.write(3, b'\\0\\0\\0\\x09\\x10\\0\\0\\0\\4null')\nimport time\ntime.sleep(3600)\n",
  );
  await started.logged("wrote an answer that was not asked for");
  await waitFor("no worker between two attempts", async () => (await workersOf(process.pid)).length <= 1);
  await runtime.write("handler.py", ECHO);
  await runtime.input({ n: 1 });
  await runtime.output(({ n }) => n === 1);
});

test("an error of 20 MB is cut", async () => {
  const started = await runtime.dropIn(
    "def handler(input, context):\n    raise ValueError('x' * 20_000_000)\n",
  );
  await runtime.input({ n: 1 });
  const line = await started.logged("ValueError: xxx");
  expect(line.msg.length).toBeLessThan(2_100);
  expect(line.details?.length).toBeLessThan(33_000);
});

test("a function that writes a data file beside itself is not loaded again for it", async () => {
  const started = await runtime.dropIn(`def handler(input, context):
    open("cache.json", "w").write(str(input["n"]))
    return {"n": input["n"]}
`);
  for (const n of [1, 2, 3]) {
    await runtime.input({ n });
    await runtime.output((output) => output.n === n);
    await sleep(1200);
  }
  expect(await readFile(join(runtime.folder, "cache.json"), "utf8")).toBe("3");
  expect(started.log.filter(({ msg }) => msg.includes("took over"))).toEqual([]);
});

test("a zip is a zip whatever its file is called, and a restart needs no server", async () => {
  const path = join(runtime.folder, "pyzip");
  execFileSync(PYTHON, [
    "-c",
    "import sys,zipfile\nwith zipfile.ZipFile(sys.argv[1],'w') as z: z.writestr('usermodule.py', sys.argv[2])",
    path,
    ECHO,
  ]);
  const byPath = await runtime.start({ REDIS_OUTPUT_KEY: "out", FUNCTION_ZIP: path });
  await runtime.input({ n: 1 });
  await runtime.output(({ n }) => n === 1);
  await byPath.stop();

  const content = await readFile(path);
  const server = createServer((_request, response) => response.end(content)).listen(0, "127.0.0.1");
  const { port } = await waitFor("the server", () => server.address() as { port: number } | null);
  const byUrl = await runtime.start({ REDIS_OUTPUT_KEY: "out", FUNCTION_ZIP: `http://127.0.0.1:${port}/` });
  await byUrl.logged("function loaded");
  server.close();
  server.closeAllConnections();
  for (const pid of await workersOf(process.pid)) process.kill(pid, "SIGKILL");
  await byUrl.logged("was killed by SIGKILL");
  await runtime.input({ n: 2 });
  await runtime.output(({ n }) => n === 2);
});

test("code that another user put where zips are unpacked is not run", async () => {
  const state = join(runtime.folder, "state");
  execFileSync("mkdir", ["-p", join(state, "packages")]);
  if (process.getuid?.() !== 0) return;
  execFileSync("chown", ["65534", join(state, "packages")]);
  const started = await runtime.start({
    REDIS_OUTPUT_KEY: "out",
    FUNCTION_ZIP: "UEsDBBQAAAAI",
    GAUGELET_STATE_DIR: state,
  });
  await started.logged("belongs to another user; set GAUGELET_STATE_DIR to a folder of this user's own");
});

test("without push the first look does not wait for the poll", async () => {
  await runtime.redis.client.call(
    "ACL",
    "SETUSER",
    "nopush",
    "on",
    ">pw",
    "~*",
    "&*",
    "+@all",
    "-client|tracking",
  );
  await runtime.input({ n: 1 });
  await runtime.dropIn(ECHO, {
    REDIS_USERNAME: "nopush",
    REDIS_PASSWORD: "pw",
    POLL_INTERVAL_SECONDS: "3600",
  });
  await runtime.output(({ n }) => n === 1);
});

test("a change while the command connection is away is seen when it is back", async () => {
  await runtime.dropIn(ECHO, { POLL_INTERVAL_SECONDS: "3600" });
  await runtime.input({ n: 1 });
  await runtime.output(({ n }) => n === 1);
  for (let n = 2; n <= 6; n += 1) {
    await runtime.redis.client.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    await runtime.input({ n });
    await runtime.output((output) => output.n === n);
  }
});

test("a right that is missing for one function takes nothing from another", async () => {
  await runtime.redis.client.call(
    "ACL",
    "SETUSER",
    "half",
    "on",
    ">pw",
    "~metrics",
    "~a",
    "~gaugelet:*",
    "&*",
    "+@all",
  );
  const file = await runtime.write("handler.py", ECHO);
  const configuration = await runtime.write(
    "gaugelet.yaml",
    `functions:
  - { name: a, source: ${file}, handler: handler.handler, triggers: [{ redisKey: metrics }], output: { key: a } }
  - { name: b, source: ${file}, handler: handler.handler, triggers: [{ redisKey: metrics }], output: { key: b } }
`,
  );
  const started = await runtime.start({
    GAUGELET_CONFIG: configuration,
    REDIS_USERNAME: "half",
    REDIS_PASSWORD: "pw",
  });
  await runtime.input({ n: 1 });
  await started.logged(/cannot store b, trying on: NOPERM/);
  await runtime.output(({ n }) => n === 1, "a");
  await runtime.input({ n: 2 });
  await runtime.output(({ n }) => n === 2, "a");
  expect(await runtime.redis.client.exists("gaugelet:env:{a}")).toBe(1);
  expect(started.log.some(({ msg }) => msg.includes("do not cover"))).toBe(false);
});

test("a command that is missing for the script leaves the output alone to be stored", async () => {
  await runtime.redis.client.call("ACL", "SETUSER", "nohset", "on", ">pw", "~*", "&*", "+@all", "-hset");
  const started = await runtime.dropIn(ECHO, { REDIS_USERNAME: "nohset", REDIS_PASSWORD: "pw" });
  await runtime.input({ n: 1 });
  await runtime.output(({ n }) => n === 1);
  await started.logged("so only outputs are stored");
});

test("no shard can store over a key of ours, or the usual one of another function", async () => {
  const configuration = await configured(
    ECHO,
    `    triggers: [{ redisKey: "in:*" }]\n    state: partition\n`,
  );
  const yaml = (await readFile(configuration, "utf8")).replace("{ key: out }", '{ key: "{shard}" }');
  await writeFile(configuration, yaml);
  const started = await runtime.start({ GAUGELET_CONFIG: configuration });
  await runtime.input({ n: 1 }, "in:gaugelet:outputs");
  await started.logged("the output key gaugelet:outputs is one that Gaugelet needs itself");
  await runtime.input({ n: 1 }, "in:gaugelet:output:other");
  await started.logged("the output key gaugelet:output:other is one that Gaugelet needs itself");
  await runtime.input({ n: 2 }, "in:fine");
  await runtime.output(({ n }) => n === 2, "fine");
});

test("events that come while a worker has died and its successor still loads are handled, not given up", async () => {
  const started = await runtime.dropIn(ECHO);
  await runtime.input({ n: 1 });
  await runtime.output(({ n }) => n === 1);
  await runtime.write("handler.py", `import time\ntime.sleep(4)\n${ECHO}`);
  await waitFor("two workers", async () => (await workersOf(process.pid)).length === 2);
  const [old] = await workersOf(process.pid);
  process.kill(old as number, "SIGKILL");
  await started.logged("was killed by SIGKILL");
  for (const n of [2, 3, 4]) await runtime.input({ n });
  await runtime.output(({ n }) => n === 4);
  expect(await started.metric('gaugelet_function_invocations_total{function="out",outcome="killed"}')).toBe(
    0,
  );
});

test("a function whose process keeps ending takes nothing else out of service", async () => {
  const started = await runtime.dropIn("import os\ndef handler(input, context):\n    os._exit(1)\n");
  await runtime.input({ n: 1 });
  await started.logged("given up after 3 attempts");
  const ready = await fetch(`http://127.0.0.1:${started.ports.management}/readyz`);
  expect(ready.status).toBe(200);
});

test("one accident while an env is read costs nothing of it", async () => {
  const source = `import os, pathlib
class Slow:
    n = 0
    def __setstate__(self, state):
        self.__dict__ = state
        marker = pathlib.Path("accident")
        if not marker.exists():
            marker.touch()
            os.kill(os.getpid(), 9)
    def __call__(self):
        self.n += 1
        return self.n
def handler(input, context):
    return {"n": input["n"], "calls": context.env.setdefault("slow", Slow())()}
`;
  const first = await runtime.dropIn(source);
  for (const n of [1, 2, 3]) {
    await runtime.input({ n });
    await runtime.output(({ calls }) => calls === n);
  }
  await first.stop();
  const second = await runtime.dropIn(source);
  await runtime.input({ n: 4 });
  await runtime.output(({ n, calls }) => n === 4 && calls === 4);
  await second.logged("while it read the saved env");
});

test("the runtime stops although Redis hangs and changed code takes over meanwhile", async () => {
  const started = await runtime.dropIn(ECHO);
  await runtime.input({ n: 1 });
  await runtime.output(({ n }) => n === 1);
  await runtime.write(
    "handler.py",
    `import pathlib, time
def handler(input, context):
    pathlib.Path("called").touch()
    time.sleep(0.3)
    return {"n": input["n"]}
`,
  );
  await started.logged("the new version took over");
  await runtime.input({ n: 2 });
  await waitFor("the call", () => readFile(join(runtime.folder, "called")).then(() => true));
  runtime.redis.freeze();
  await runtime.write("handler.py", `${ECHO}# changed\n`);
  const tookOver = () => started.log.filter(({ msg }) => msg.includes("the new version took over"));
  await waitFor("the change", () => tookOver().length === 2);
  await started.stop();
  runtime.redis.thaw();
});

test("env that cannot be saved is told when changed code takes over without it", async () => {
  const source = `def handler(input, context):
    context.env.setdefault("f", lambda: None)
    return {"n": input["n"]}
`;
  const started = await runtime.dropIn(source);
  await runtime.input({ n: 1 });
  await runtime.output(({ n }) => n === 1);
  await runtime.write("handler.py", `${source}# changed\n`);
  await started.logged(
    /context\.env\['f'\] cannot be saved: .*the new version gets the env that was last saved/,
  );
});

test("a file beside the function that cannot be read keeps nothing from loading", async () => {
  execFileSync("ln", ["-s", "/nowhere", join(runtime.folder, "other.py")]);
  await runtime.dropIn(ECHO);
  await runtime.input({ n: 1 });
  await runtime.output(({ n }) => n === 1);
});
