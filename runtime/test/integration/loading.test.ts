import { execFileSync } from "node:child_process";
import { readFile, rename, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { freePort } from "@gaugelet/testing/ports";
import { describe, expect, test } from "vitest";
import { PYTHON, useRuntime } from "./harness.ts";

const runtime = useRuntime();
const GOOD = "def handler(input, context):\n    return {'n': input['n']}\n";

const BROKEN: [what: string, source: string, message: RegExp][] = [
  ["is empty", "", /handler\.py is empty; it should define def handler/],
  [
    "has a syntax error",
    "def handler(input, context)\n    return {}\n",
    /SyntaxError in .*handler\.py, line 1: expected ':'/,
  ],
  [
    "has no entry point",
    "def handle(input, context):\n    return {}\n",
    /has no 'handler'; it has handle\. Define `def handler\(input, context\)`/,
  ],
  ["has an entry point that cannot be called", "handler = 5\n", /is of type int, which cannot be called/],
  [
    "imports what is not there",
    "import no_such_package\n",
    /imports 'no_such_package', which is not installed/,
  ],
  ["fails at import", "1 / 0\n", /importing 'usermodule' failed: ZeroDivisionError/],
  ["exits at import", "import sys; sys.exit(1)\n", /importing 'usermodule' failed: SystemExit: 1/],
  ["ends its process at import", "import os; os._exit(1)\n", /the function's process ended with exit code 1/],
  ["is not text", "\0\0\0", /SyntaxError|ValueError|source code .* null bytes/],
];

describe("a handler file that cannot be loaded is explained once, and works when it is mended", () => {
  test.each(BROKEN)("%s", async (_what, source, message) => {
    await runtime.input({ n: 1 });
    const started = await runtime.dropIn(source);
    const line = await started.logged(message);
    expect(line).toMatchObject({ level: "error", function: "out" });
    const ready = await fetch(`http://127.0.0.1:${started.ports.management}/readyz`);
    expect(await ready.text()).toContain("function out: failing");

    await runtime.write("handler.py", GOOD);
    expect(await runtime.output()).toEqual({ n: 1 });
    expect(started.log.filter(({ msg }) => message.test(msg))).toHaveLength(1);
  });
});

test("a missing file is waited for", async () => {
  await runtime.input({ n: 1 });
  const path = join(runtime.folder, "later.py");
  const started = await runtime.start({ REDIS_OUTPUT_KEY: "out", FUNCTION_FILE: path });
  await started.logged(`${path} does not exist`);
  await writeFile(path, GOOD);
  expect(await runtime.output()).toEqual({ n: 1 });
});

test("a changed file takes over with its live env; a broken change replaces nothing", async () => {
  const counting = (version: string) =>
    `def handler(input, context):
    context.env["calls"] = context.env.get("calls", 0) + 1
    if input.get("bad"):
        raise ValueError("counted, though not stored")
    return {"calls": context.env["calls"], "version": "${version}"}
`;
  const started = await runtime.dropIn(counting("one"));
  await runtime.input({ n: 1 });
  await runtime.output(({ calls }) => calls === 1);
  await runtime.input({ n: 2, bad: true });
  await started.logged("counted, though not stored");

  await runtime.write("handler.py", "def handler(");
  await started.logged(/the function changed but cannot be loaded, the old version stays: SyntaxError/);
  const ready = await fetch(`http://127.0.0.1:${started.ports.management}/readyz`);
  expect(await ready.text()).toMatch(/function out: ready, changed code cannot be loaded: SyntaxError/);
  await runtime.input({ n: 3 });
  expect(await runtime.output(({ calls }) => calls === 3)).toEqual({ calls: 3, version: "one" });

  // As editors and ConfigMaps do: another file takes the name.
  const other = await runtime.write("handler.new", counting("two"));
  await rename(other, join(runtime.folder, "handler.py"));
  await started.logged("the new version took over");
  await runtime.input({ n: 4 });
  expect(await runtime.output(({ calls }) => calls === 4)).toEqual({ calls: 4, version: "two" });
});

describe("a zip with several modules", () => {
  const SOURCES = {
    "main.py":
      "from lib.numbers import double\ndef run(input, context):\n    return {'n': double(input['n'])}\n",
    "lib/__init__.py": "",
    "lib/numbers.py": "def double(n):\n    return 2 * n\n",
  };

  async function zip(files: Record<string, string>): Promise<string> {
    const path = join(runtime.folder, "function.zip");
    const script =
      "import json,sys,zipfile\nwith zipfile.ZipFile(sys.argv[1],'w',zipfile.ZIP_DEFLATED) as z:\n for k,v in json.loads(sys.argv[2]).items(): z.writestr(k, bytes(300_000_000) if v == 'BOMB' else v)";
    execFileSync(PYTHON, ["-c", script, path, JSON.stringify(files)]);
    return path;
  }

  test.each(["path", "base64"])("by %s, with a chosen entry point", async (kind) => {
    const path = await zip(SOURCES);
    const source = kind === "path" ? path : (await readFile(path)).toString("base64");
    await runtime.start({ REDIS_OUTPUT_KEY: "out", FUNCTION_ZIP: source, FUNCTION_HANDLER: "main.run" });
    await runtime.input({ n: 21 });
    expect(await runtime.output()).toEqual({ n: 42 });
  });

  test("by URL, waiting while its server is away", async () => {
    const port = await freePort();
    const content = await readFile(await zip(SOURCES));
    const url = `http://127.0.0.1:${port}/function.zip?token=hush`;
    const started = await runtime.start({
      REDIS_OUTPUT_KEY: "out",
      FUNCTION_ZIP: url,
      FUNCTION_HANDLER: "main.run",
    });
    const line = await started.logged(`http://127.0.0.1:${port}/function.zip cannot be fetched`);
    expect(line.msg).not.toContain("hush");
    const server = createServer((_request, response) => response.end(content)).listen(port, "127.0.0.1");
    try {
      await runtime.input({ n: 21 });
      expect(await runtime.output()).toEqual({ n: 42 });
    } finally {
      server.close();
    }
  });

  test.each<[string, Record<string, string> | string, RegExp]>([
    ["is broken", "UEsDBBQAAAAIAGJyb2tlbg==", /the base64 text is not a zip that can be used/],
    ["leads out of its folder", { "../evil.py": "x = 1" }, /is not a zip that can be used: .*\.\./],
    ["lacks the module", { "other.py": "x = 1" }, /there is no module 'main' in/],
    ["lacks the entry point", { "main.py": "x = 1" }, /has no 'run'/],
    [
      "expands to too much",
      { "main.py": "x = 1", "bomb.bin": "BOMB" },
      /larger than 268435456 bytes unpacked/,
    ],
  ])("one that %s is explained", async (_what, content, message) => {
    const source = typeof content === "string" ? content : await zip(content);
    const started = await runtime.start({
      REDIS_OUTPUT_KEY: "out",
      FUNCTION_ZIP: source,
      FUNCTION_HANDLER: "main.run",
    });
    await started.logged(message);
  });
});
