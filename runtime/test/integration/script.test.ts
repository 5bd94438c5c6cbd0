import { readdir, readFile } from "node:fs/promises";
import { waitFor } from "@gaugelet/testing/wait";
import { describe, expect, test } from "vitest";
import { outputOf, startFunctions } from "./functions.ts";
import { useRuntime } from "./harness.ts";

const runtime = useRuntime();
const SHELL = `echo "called with $#" >&2
printf '{"first": "%s", "color": "%s", "own": "%s"}' "$1" "$COLOR" "$OWN"
`;

describe("a script", () => {
  const script = {
    name: "f",
    language: "script",
    handler: "f.sh",
    code: SHELL,
    environment: { OWN: "1" },
    state: "none",
    triggers: [{ redisKey: "metrics", pollInterval: "200ms" }, { http: true }],
  } as const;

  test("is called for a key and over HTTP, with arguments and environment, and logs", async () => {
    const started = await startFunctions(runtime, [script]);
    await runtime.input({ arguments: ["a b"], environment: { COLOR: "red" } });
    const expected = { first: "a b", color: "red", own: "1" };
    expect(await runtime.output(() => true, "f")).toEqual(expected);
    expect(await started.post("f", { arguments: ["c"] })).toEqual({
      status: 200,
      body: { first: "c", color: "", own: "1" },
    });
    await started.logged(/called with 1/);
  });

  test("fails with what it wrote to stderr, and its last good output stays", async () => {
    const code = `if [ "$1" = fail ]; then echo "no such thing" >&2; exit 2; fi; echo fine`;
    const started = await startFunctions(runtime, [{ ...script, code }]);
    expect(outputOf(await started.call("f", {}))).toEqual({ output: "fine" });
    expect(await started.call("f", { arguments: ["fail"] })).toMatchObject({
      outcome: "error",
      message: "the script ended with exit code 2",
    });
    await started.logged(/no such thing/);
    expect(await runtime.output(() => true, "f")).toEqual({ output: "fine" });
    expect(await started.call("f", { environment: { PATH: "/tmp" } })).toMatchObject({
      outcome: "rejected",
      message: "environment.PATH: an event cannot set this variable",
    });
  });

  test("is ended when it takes too long, with all that it started, and the next call succeeds", async () => {
    const code = `if [ -n "$1" ]; then sleep 987654 & sleep 987654; fi; echo fine`;
    const started = await startFunctions(runtime, [{ ...script, code, limits: { timeout: "500ms" } }]);
    expect(await started.call("f", { arguments: ["long"] })).toMatchObject({ outcome: "timeout" });
    expect(outputOf(await started.call("f", {}))).toEqual({ output: "fine" });
    await waitFor("the end of what the script started", async () => (await sleepers()) === 0);
  });

  test("is replaced when it changes", async () => {
    const started = await startFunctions(runtime, [{ ...script, code: "echo one" }]);
    expect(outputOf(await started.call("f", {}))).toEqual({ output: "one" });
    await runtime.write("f.sh", "echo two");
    await started.logged("the function changed; the new version took over");
    expect(outputOf(await started.call("f", {}))).toEqual({ output: "two" });
  });

  test.each(["process", "sandbox"])("runs Python and TypeScript at the level %s", async (isolation) => {
    const python = await runtime.write(
      "p.py",
      "import json, sys\nprint(json.dumps({'n': json.load(sys.stdin)['n']}))",
    );
    const typescript = await runtime.write(
      "t.ts",
      "const n: number = Number(process.argv[2]); console.log(JSON.stringify({ n }));",
    );
    const common = { ...script, isolation, code: "" };
    const started = await startFunctions(runtime, [
      { ...common, name: "p", source: python, handler: "p.py" },
      { ...common, name: "t", source: typescript, handler: "t.ts" },
    ]);
    expect(outputOf(await started.call("p", { n: 1 }))).toEqual({ n: 1 });
    expect(outputOf(await started.call("t", { arguments: [2] }))).toEqual({ n: 2 });
  });

  test("on Node is held to its memory by Node", async () => {
    const source = await runtime.write("t.js", "const all = []; for (;;) all.push(new Array(1e5).fill({}));");
    const limits = { memory: "128Mi" };
    const started = await startFunctions(runtime, [
      { ...script, name: "t", code: "", source, handler: "t.js", limits },
    ]);
    expect(await started.call("t", {})).toMatchObject({
      outcome: "error",
      message: expect.stringMatching(/^the script was ended by SIG\w+; limits\.memory is reached/),
    });
  });
});

/** How many processes there are that a script of these tests has started to wait. */
async function sleepers(): Promise<number> {
  const processes = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const commands = await Promise.all(
    processes.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")),
  );
  return commands.filter((command) => command.startsWith("sleep\u0000987654")).length;
}
