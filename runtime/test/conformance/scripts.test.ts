import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { NODE_ARGUMENTS } from "../../src/javascript/arguments.ts";
import { SETUPS } from "./languages.ts";
import { WorkerUnderTest } from "./worker-under-test.ts";

const NODE = JSON.stringify([process.execPath, ...NODE_ARGUMENTS]);

/** What a script does, in each of the languages that scripts are in. */
interface Script {
  readonly sh: string;
  readonly py: string;
  readonly js: string;
}
const ENDINGS = ["sh", "py", "js"] as const;

const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0).reverse()) cleanUp();
});

/** A worker that has loaded a script. */
async function loaded(code: string, ending: string, environment = {}): Promise<WorkerUnderTest> {
  const folder = mkdtempSync(join(tmpdir(), "gaugelet-scripts-"));
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, `script.${ending}`), code);
  const worker = new WorkerUnderTest(SETUPS.python, folder, { GAUGELET_NODE: NODE, ...environment });
  cleanUps.push(() => worker.close());
  await worker.load("loaded", { handler: `./script.${ending}`, limits: LIMITS });
  await worker.restore({ keepEnv: false });
  return worker;
}

const LIMITS = { output: 100_000, env: 1024 ** 2, cpu: null, memory: null };

const ECHO: Script = {
  sh: "cat",
  py: "import sys\nprint(sys.stdin.read())",
  js: "process.stdin.pipe(process.stdout);",
};

const SHOW: Script = {
  sh: `printf '{"first": "%s", "count": %s, "given": "%s", "own": "%s"}' "$1" "$#" "$GIVEN" "$OWN"`,
  py: `import json, os, sys
_, *rest = sys.argv
print(json.dumps({"first": rest[0], "count": len(rest), "given": os.environ["GIVEN"], "own": os.environ["OWN"]}))`,
  js: `const [, , ...rest] = process.argv;
console.log(JSON.stringify({ first: rest[0], count: rest.length, given: process.env.GIVEN, own: process.env.OWN }));`,
};

const TEXT: Script = {
  sh: "printf '12 volts\\n\\n'",
  py: "print('12 volts\\n')",
  js: "console.log('12 volts\\n');",
};

const LIST: Script = { sh: "echo '[1, 2]'", py: "print([1, 2])", js: "console.log('[1, 2]');" };

const FAIL: Script = {
  sh: "echo 'not there' >&2; echo '{\"n\": 1}'; exit 7",
  py: "import sys\nprint('not there', file=sys.stderr)\nprint('{}')\nsys.exit(7)",
  js: "console.error('not there'); console.log('{}'); process.exitCode = 7;",
};

const SIGNAL: Script = {
  sh: "kill -TERM $$; sleep 60",
  py: "import os, time\nos.kill(os.getpid(), 15)\ntime.sleep(60)",
  js: "process.kill(process.pid, 'SIGTERM'); setTimeout(() => {}, 60_000);",
};

const LARGE: Script = {
  sh: "head -c 200000 /dev/zero | tr '\\0' x; sleep 600",
  py: "import time\nprint('x' * 200_000, flush=True)\ntime.sleep(600)",
  js: "process.stdout.write('x'.repeat(200_000)); setTimeout(() => {}, 600_000);",
};

const BINARY: Script = {
  sh: "printf 'a\\377b'",
  py: "import sys\nsys.stdout.buffer.write(b'a\\xffb')",
  js: "process.stdout.write(Buffer.from([97, 255, 98]));",
};

const OPEN_FILES: Script = {
  sh: 'for n in $(seq 10 200); do eval "exec $n< /dev/null" || exit 3; done; echo fine',
  py: "kept = [open('/dev/null') for _ in range(200)]\nprint('fine')",
  js: "const { openSync } = require('node:fs'); for (let n = 0; n < 200; n += 1) openSync('/dev/null'); console.log('fine');",
};

describe.each(ENDINGS)("a script that ends in .%s", (ending) => {
  test("has the event on its standard input, and what it prints is the output", async () => {
    const worker = await loaded(ECHO[ending], ending);
    expect(await worker.output({ größe: [1, null, "😀", true, 1.5] })).toEqual({
      größe: [1, null, "😀", true, 1.5],
    });
    const long = "x".repeat(90_000);
    expect(await worker.output({ long })).toEqual({ long });
    for (const event of ["", "[1]", "4711", "null", "cpu is busy", '{"a": [1']) {
      expect(await worker.call(Buffer.from(event))).toMatchObject({ outcome: "rejected", outputText: "" });
    }
    expect(await worker.output({ n: 1 })).toEqual({ n: 1 });
  });

  test("has arguments and environment of the event, besides the function's own, which an event cannot change", async () => {
    const worker = await loaded(SHOW[ending], ending, { OWN: "1" });
    const event = { arguments: ["a b", 2], environment: { GIVEN: "$HOME 'x'" } };
    expect(await worker.output(event)).toEqual({ first: "a b", count: 2, given: "$HOME 'x'", own: "1" });
    for (const wrong of [
      { arguments: "a" },
      { arguments: [{}] },
      { environment: ["GIVEN"] },
      { environment: { OWN: "2" } },
      { environment: { LD_PRELOAD: "x" } },
      { environment: { "A-B": "x" } },
    ]) {
      const { outcome, head } = await worker.call(wrong);
      expect([outcome, head.message]).toEqual([
        "rejected",
        expect.stringMatching(/^(arguments|environment)/),
      ]);
    }
  });

  test("prints what is no JSON object: that is the output's text", async () => {
    expect(await (await loaded(TEXT[ending], ending)).output()).toEqual({ output: "12 volts" });
    expect(await (await loaded(LIST[ending], ending)).output()).toEqual({ output: "[1, 2]" });
    expect(await (await loaded(BINARY[ending], ending)).output()).toEqual({ output: "a\uFFFDb" });
  });

  test("fails by its exit code or a signal, with what it wrote to its standard error, and is called again", async () => {
    const worker = await loaded(FAIL[ending], ending);
    for (let times = 0; times < 2; times += 1) {
      expect(await worker.call()).toMatchObject({
        outcome: "error",
        outputText: "",
        head: { message: "the script ended with exit code 7", details: "not there" },
      });
    }
    expect((await worker.end()).stderr).toMatch(/not there/);
    const ended = await loaded(SIGNAL[ending], ending);
    expect((await ended.call()).head.message).toBe("the script was ended by SIGTERM");
  });

  test("that prints too much is ended at the limit", async () => {
    const { outcome, head } = await (await loaded(LARGE[ending], ending)).call();
    expect([outcome, head.limit, head.message]).toEqual([
      "error",
      "output",
      expect.stringContaining("printed more than the limit of 100,000 bytes"),
    ]);
  });

  test("has the limits of its worker", async () => {
    const worker = await loaded(OPEN_FILES[ending], ending);
    expect(await worker.output()).toEqual({ output: "fine" });
    execFileSync("prlimit", ["--nofile=64:64", `--pid=${worker.process.pid}`]);
    expect((await worker.call()).outcome).toBe("error");
  });

  test("answers calls in their order, also when no more will come, and says what they used", async () => {
    const worker = await loaded(ECHO[ending], ending);
    for (let n = 1; n <= 3; n += 1) worker.sendCall({ n });
    const ended = worker.end();
    for (let n = 1; n <= 3; n += 1) {
      const result = await worker.result();
      expect(result).toMatchObject({ id: n, outcome: "ok" });
      expect(JSON.parse(result?.outputText ?? "")).toEqual({ n });
      expect(result?.cpuSeconds).toBeGreaterThan(0);
      expect(result?.memoryBytes).toBeGreaterThan(1024 ** 2);
    }
    expect(await ended).toMatchObject({ code: 0 });
  });
});
