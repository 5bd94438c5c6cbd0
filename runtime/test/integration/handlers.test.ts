import { execFileSync } from "node:child_process";
import { waitFor } from "@gaugelet/testing/wait";
import { describe, expect, test } from "vitest";
import { useRuntime } from "./harness.ts";

const runtime = useRuntime();

/** A handler that answers well, except to `{"bad": true}`. */
function misbehaving(body: string, prelude = ""): string {
  return `import os, sys, signal, time, subprocess, threading
${prelude}
def handler(input, context):
    if input.get("bad"):
${body
  .split("\n")
  .map((line) => `        ${line}`)
  .join("\n")}
    return {"n": input["n"]}
`;
}

const FAILING: [what: string, body: string, outcome: string, message: RegExp][] = [
  ["raises", "raise ValueError('no such sensor')", "error", /ValueError: no such sensor/],
  ["returns None", "return None", "error", /returned None; a dict was expected; did you forget `return`/],
  ["returns a list", "return [1, 2]", "error", /type list; a dict was expected/],
  ["returns NaN itself", "return float('nan')", "error", /type float; a dict was expected/],
  [
    "returns bytes in the dict",
    "return {'b': b'x'}",
    "error",
    /"b" holds bytes, which are not JSON; decode them/,
  ],
  ["returns bytes", "return b'x'", "error", /type bytes; a dict was expected/],
  ["returns keys that JSON has not", "return {(1, 2): 3}", "error", /cannot be JSON/],
  ["returns something circular", "d = {}; d['d'] = d; return d", "error", /contains itself/],
  [
    "returns 50 MB",
    "return {'x': 'x' * 50_000_000}",
    "error",
    /more than the limit of 1,048,576.*raise limits.output/,
  ],
  ["recurses for ever", "def f(): return f()\nreturn f()", "error", /RecursionError/],
  ["calls sys.exit", "sys.exit(3)", "error", /called sys.exit\(3\); return instead/],
  ["raises KeyboardInterrupt", "raise KeyboardInterrupt", "error", /KeyboardInterrupt/],
  ["runs out of memory", "raise MemoryError", "error", /MemoryError/],
  [
    "calls os._exit",
    "os._exit(3)",
    "killed",
    /^during a call, the function's process ended with exit code 3/,
  ],
  ["kills itself", "os.kill(os.getpid(), signal.SIGKILL)", "killed", /killed by SIGKILL/],
  [
    "crashes in native code",
    "import ctypes; ctypes.string_at(0)",
    "killed",
    /SIGSEGV, a fault in native code/,
  ],
  ["closes all descriptors", "os.closerange(0, 256)\ntime.sleep(60)", "killed", /closed the descriptor/],
  [
    "writes into the protocol",
    "os.write(3, b'garbage' * 100)\ntime.sleep(60)",
    "killed",
    /something else than frames/,
  ],
  [
    "answers what was not asked",
    "os.write(3, b'\\0\\0\\0\\7\\x13\\0\\0\\0\\2{}')\ntime.sleep(60)",
    "killed",
    /answer that was not asked for/,
  ],
];

describe("a handler that fails leaves the last good output, is counted and explained, and goes on", () => {
  test.each(FAILING)("%s", async (_what, body, outcome, message) => {
    const started = await runtime.dropIn(misbehaving(body));
    await runtime.input({ n: 1 });
    await runtime.output(({ n }) => n === 1);

    await runtime.input({ n: 2, bad: true });
    await waitFor("the failure to be counted", async () => {
      const failures = ["error", "killed"].map((each) =>
        started.metric(`gaugelet_function_invocations_total{function="out",outcome="${each}"}`),
      );
      return (await Promise.all(failures)).some((count) => count > 0);
    });
    expect(await started.logged(message)).toMatchObject({ level: "error", function: "out" });
    const counted = await started.metric(
      `gaugelet_function_invocations_total{function="out",outcome="${outcome}"}`,
    );
    expect(counted).toBeGreaterThan(0);
    expect(JSON.parse((await runtime.redis.client.get("out")) ?? "")).toEqual({ n: 1 });

    await runtime.input({ n: 3 });
    await runtime.output(({ n }) => n === 3);
  });
});

test("a traceback shows the user's line and none of ours", async () => {
  const started = await runtime.dropIn(misbehaving("raise ValueError('here')"));
  await runtime.input({ n: 1, bad: true });
  const { details } = await started.logged("ValueError: here");
  expect(details).toContain("handler.py");
  expect(details).toContain("raise ValueError('here')");
  expect(details).not.toContain("gaugelet_worker");
});

test("a handler that never returns is ended at its limit and the next event is handled", async () => {
  const file = await runtime.write("handler.py", misbehaving("while True: pass"));
  const configuration = await runtime.write(
    "gaugelet.yaml",
    `functions:
  - name: slow
    source: ${file}
    handler: handler.handler
    triggers: [{ redisKey: metrics }]
    output: { key: out }
    limits: { timeout: 500ms }
`,
  );
  const started = await runtime.start({ GAUGELET_CONFIG: configuration });
  await runtime.input({ n: 1, bad: true });
  await started.logged("the handler took longer than its limit of 500ms and was ended; raise limits.timeout");
  expect(await started.metric('gaugelet_function_invocations_total{function="slow",outcome="timeout"}')).toBe(
    1,
  );
  await runtime.input({ n: 2 });
  await runtime.output(({ n }) => n === 2);
});

test("NaN and Infinity become null, said once with their fields", async () => {
  const started = await runtime.dropIn(
    "def handler(input, context):\n    return {'n': input['n'], 'a': float('nan'), 'b': [1.0, float('inf')]}\n",
  );
  for (const n of [1, 2, 3]) {
    await runtime.input({ n });
    expect(await runtime.output((output) => output.n === n)).toEqual({ n, a: null, b: [1, null] });
  }
  const lines = started.log.filter(({ msg }) => msg.includes("not a finite number"));
  expect(lines.map(({ msg }) => msg)).toEqual(["not a finite number, stored as null: a, b[1]"]);
});

test("keys that are not strings are written as Python's json writes them", async () => {
  await runtime.dropIn(
    "def handler(input, context):\n    return {1: 'a', 2.5: 'b', None: 'c', False: 'd'}\n",
  );
  await runtime.input({ n: 1 });
  expect(await runtime.output()).toEqual({ "1": "a", "2.5": "b", null: "c", false: "d" });
});

test("what a function prints and logs becomes log lines with its name, and cannot break the protocol", async () => {
  const started = await runtime.dropIn(`import logging, os, sys
def handler(input, context):
    print("printed")
    logging.getLogger("mine").warning("logged %d", 7)
    sys.stderr.write("to stderr\\n")
    os.write(1, b"raw to 1\\n")
    os.system("echo from a child")
    logging.basicConfig(level=logging.DEBUG)
    logging.debug("not at this level")
    return {"n": input["n"]}
`);
  await runtime.input({ n: 1 });
  await runtime.output();
  expect(await started.logged("function loaded")).toMatchObject({ level: "info", function: "out" });
  expect(await started.logged("printed")).toMatchObject({ level: "info", function: "out", stream: "stdout" });
  expect(await started.logged("logged 7")).toMatchObject({ level: "warn", function: "out", logger: "mine" });
  expect(await started.logged("to stderr")).toMatchObject({ level: "warn", stream: "stderr" });
  await started.logged("raw to 1");
  await started.logged("from a child");
});

test("a function that prints 100 MB is answered, with most lines dropped and counted", async () => {
  const started = await runtime.dropIn(
    misbehaving("for _ in range(100): print(('x' * 99 + '\\n') * 10_000, end='')"),
  );
  await runtime.input({ n: 1, bad: true });
  await runtime.output(({ n }) => n === 1);
  const dropped = await waitFor("all lines accounted for", () => {
    const told = started.log.reduce((sum, line) => sum + (line.dropped ?? 0), 0);
    const shown = started.log.filter(({ msg }) => msg.startsWith("xxx")).length;
    return told + shown === 1_000_000 ? told : undefined;
  });
  expect(dropped).toBeGreaterThan(900_000);
});

test("children and threads that a function leaves behind end with its worker", async () => {
  const started = await runtime.dropIn(
    misbehaving(
      "subprocess.Popen(['sleep', '4711'])\nthreading.Thread(target=time.sleep, args=(4711,)).start()",
    ),
  );
  await runtime.input({ n: 1, bad: true });
  await runtime.output();
  await started.stop();
  expect(execFileSync("sh", ["-c", "pgrep -f 'slee[p] 4711' || true"], { encoding: "utf8" }).trim()).toBe("");
});
