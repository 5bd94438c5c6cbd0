import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { allowedHostsSchema } from "../../src/configuration/allowed-hosts.ts";
import {
  type AboutUpload,
  type CheckedPackage,
  checkUpload,
} from "../../src/packages/upload/check-upload.ts";
import { CodeChecks } from "../../src/packages/upload/code-checks.ts";
import { type Finding, UploadError } from "../../src/packages/upload/findings.ts";
import type { UploadLimits } from "../../src/packages/upload/limits.ts";

const python = resolve(".gaugelet/python/bin/python");
const urlPolicy = { allowed: allowedHostsSchema.parse("") };

async function check(
  files: Readonly<Record<string, string | Buffer>>,
  about: Partial<AboutUpload> = {},
  limits: Partial<UploadLimits> = {},
): Promise<CheckedPackage> {
  const contents = new Map(Object.entries(files).map(([path, content]) => [path, Buffer.from(content)]));
  return checkUpload(
    { kind: "files", files: contents },
    { language: "python", handler: "handler.handler", ...about },
    { python, urlPolicy, limits, checks: new CodeChecks() },
  );
}

/** The findings of code that is refused, one a line. */
async function findings(...code: Parameters<typeof check>): Promise<string[]> {
  const error: unknown = await check(...code).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UploadError);
  return (error as UploadError).findings.map(show);
}

async function warnings(...code: Parameters<typeof check>): Promise<string[]> {
  return (await check(...code)).findings.map(show);
}

function show({ severity, file, line, column, message, rule }: Finding): string {
  return `${severity} ${file}:${line ?? "-"}:${column ?? "-"} ${message} [${rule}]`;
}

describe("Python", () => {
  test("that is right is stored with all its files, in their order", async () => {
    const checked = await check({
      "handler.py": "import lib.part\n\n\ndef handler(input, context):\n    return lib.part.f(input)\n",
      "lib/part.py": "def f(x):\n    return x\n",
      "data/größe.csv": "1,2\n",
      "lib/__init__.py": "",
    });
    expect(checked.files).toEqual(["data/größe.csv", "handler.py", "lib/__init__.py", "lib/part.py"]);
    expect(checked.findings).toEqual([]);
  });

  test("with syntax errors is refused with the place of each", async () => {
    expect(
      await findings({
        "handler.py": "def handler(input, context)\n    return {}\n",
        "lib/part.py": "x = 1\nreturn x\n",
        "lib/utf16.py": Buffer.from("x = 1\n", "utf16le"),
      }),
    ).toEqual([
      "error handler.py:1:28 expected ':' [SyntaxError]",
      "error lib/part.py:2:1 'return' outside function [SyntaxError]",
      expect.stringMatching(/^error lib\/utf16\.py:.* null bytes; save it as UTF-8 \[SyntaxError\]$/),
    ]);
  });

  test("with mistakes that pyflakes finds is stored, with warnings", async () => {
    expect(
      await warnings({
        "handler.py":
          "import os\n\ndef handler(input, context):\n    größe = 'ü', nothing\n    return {'\\d': größe}\n",
      }),
    ).toEqual([
      "warning handler.py:1:1 'os' imported but unused [UnusedImport]",
      "warning handler.py:4:18 undefined name 'nothing' [UndefinedName]",
      expect.stringMatching(/^warning handler\.py:5:- invalid escape sequence '\\d' \[\w+Warning\]$/),
    ]);
  });

  test("has errors before warnings, and says both", async () => {
    expect(await findings({ "a.py": "import os\n", "handler.py": "(" })).toEqual([
      expect.stringMatching(/^error handler\.py:1:1 '\(' was never closed/),
      "warning a.py:1:1 'os' imported but unused [UnusedImport]",
    ]);
  });

  test.each([
    ["def", "def handler(input, context): ..."],
    ["async def", "async def handler(input, context): ..."],
    ["a class", "class handler: ..."],
    ["an assignment", "handler = print"],
    ["an assignment of several", "first, *handler = print, print"],
    ["an import", "from json import loads as handler"],
    ["an import of a module", "import json as handler"],
    ["all names of another module", "from other import *"],
    ["within if and try", "try:\n  if 1:\n    def handler(input, context): ...\nfinally: pass"],
    ["global", "def make():\n  global handler\n  handler = print\nmake()"],
    ["a module that makes names", "def __getattr__(name): return print"],
    ["another encoding", "# coding: latin-1\ndef handler(input, context): return '\xfc'"],
  ])("has its entry point by %s", async (_, source) => {
    const bytes = Buffer.from(source, source.includes("latin-1") ? "latin1" : "utf8");
    expect((await check({ "handler.py": bytes })).files).toEqual(["handler.py"]);
  });

  test.each<[string, Record<string, string>, string]>([
    [
      "another name",
      { "handler.py": "def handle(input, context): ...\n\nclass Thing: ...\n" },
      "handler.py:-:- there is no 'handler'; it has handle, Thing: define `def handler(input, context)` or choose another entry point",
    ],
    [
      "a name only inside a function",
      { "handler.py": "def make():\n  def handler(): ...\n  return handler\n" },
      "handler.py:-:- there is no 'handler'; it has make: define `def handler(input, context)` or choose another entry point",
    ],
    [
      "a name that is only used",
      { "handler.py": "handler()\n" },
      "handler.py:-:- there is no 'handler'; it has no functions: define `def handler(input, context)` or choose another entry point",
    ],
    [
      "another module",
      { "main.py": "", "lib/__init__.py": "" },
      ":-:- there is no module 'handler'; the package has lib, main",
    ],
    [
      "the module in a folder",
      { "code/handler.py": "def handler(input, context): ..." },
      ":-:- there is no module 'handler'; the package has code.handler; the entry point is perhaps code.handler.handler",
    ],
    [
      "the module in another language",
      { "handler.ts": "" },
      ":-:- there is no module 'handler' in Python; there is handler.ts: set `language: typescript`",
    ],
    [
      "no modules",
      { "README.md": "" },
      ":-:- there is no module 'handler': no file in the package ends in .py",
    ],
  ])("is refused with %s", async (_, files, finding) => {
    expect((await findings(files))[0]).toBe(`error ${finding} [entry-point]`);
  });

  test("has its entry point in a package", async () => {
    const files = { "lib/__init__.py": "from lib.part import f\n", "lib/part.py": "def f(x): ..." };
    expect((await check(files, { handler: "lib.f" })).files).toHaveLength(2);
    expect((await check(files, { handler: "lib.part.f" })).files).toHaveLength(2);
  });

  test("that was installed into the package, or is hidden, is not looked at", async () => {
    const files = {
      "handler.py": "def handler(input, context): ...",
      "node_modules/x/gyp.py": "print 1",
      ".venv/x.py": "print 1",
      "env/pyvenv.cfg": "",
      "env/lib/x.py": "print 1",
    };
    expect((await check(files)).findings).toEqual([]);
  });

  test("is never run", async () => {
    const source = "import sys\nsys.exit(3)\nraise SystemExit\ndef handler(input, context): ...\n";
    expect(await warnings({ "handler.py": source, "sys.py": "1/0", "ast.py": "1/0" })).toEqual([]);
  });
});

describe("hostile Python is refused with what it does", () => {
  test.each([
    ["nested brackets", "(".repeat(100_000), /too many nested parentheses/],
    ["nested operators", `${"-".repeat(1_000_000)}1`, /nested too deeply/],
    ["nested functions", "lambda:".repeat(100_000), /nested too deeply/],
    ["a long sum", `x = ${"1+".repeat(300_000)}1`, /nested too deeply/],
  ])("%s", async (_, source, message) => {
    const [first] = await findings({ "handler.py": source });
    expect(first).toMatch(/^error handler\.py:/);
    expect(first).toMatch(message);
  });

  test("what takes the compiler too long", async () => {
    const long = `def f():\n${"  x.y = a[b] + c(d)\n".repeat(300_000)}`;
    const code = { "handler.py": "def handler(input, context): ...", "long.py": long };
    const limits = { checkCpuSeconds: 1, checkMemoryBytes: 4 * 1024 ** 3 };
    expect(await findings(code, {}, limits)).toEqual([
      "error long.py:-:- it cannot be checked: the compiler did not come to an end within 1 s of CPU time [unfinished]",
    ]);
  });

  test("what takes the compiler too much memory", async () => {
    const limits = { checkMemoryBytes: 32 * 1024 ** 2 };
    const [first] = await findings({ "handler.py": "x.y = a[b] + c(d)\n".repeat(60_000) }, {}, limits);
    expect(first).toMatch(
      /^error handler\.py:-:- (it is nested too deeply, or too large|.*ran out of memory)/,
    );
  });

  test("more modules than can be compiled", async () => {
    await expect(check({ "handler.py": "#".repeat(1001) }, {}, { codeBytes: 1000 })).rejects.toThrow(
      "the modules of the upload are larger than 1000 bytes together: leave out what can be installed",
    );
  });
});

test.each(["handler", "a.", "../a.b", "a/b.c", "__proto__"])(
  "the entry point %j is refused",
  async (handler) => {
    expect(await findings({ "handler.py": "" }, { handler })).toEqual([
      `error :-:- the entry point ${JSON.stringify(handler)} cannot be: expected module.attribute, such as handler.handler [entry-point]`,
    ]);
  },
);

test("a Python that is not there is said", async () => {
  const upload = { kind: "files", files: new Map([["handler.py", Buffer.from("")]]) } as const;
  const about = { language: "python", handler: "handler.handler" } as const;
  const outcome = checkUpload(upload, about, {
    python: "/nowhere/python",
    urlPolicy,
    checks: new CodeChecks(),
  });
  await expect(outcome).rejects.toThrow(
    "uploads cannot be checked: /nowhere/python cannot be started: spawn /nowhere/python ENOENT",
  );
});

test.each([
  ["Python", "Traceback:\n  File\nImportError: no module\n", "ImportError: no module"],
  ["Node", "throw error;\n^\n\nError: no module\n    at load\n\nNode.js v24.1.0\n", "Error: no module"],
  ["a shell", "not found\n", "not found"],
])("of what %s says of a check that cannot run, the reason is told", async (_, said, told) => {
  const folder = await mkdtemp(join(tmpdir(), "gaugelet-python-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const python = join(folder, "python");
  await writeFile(python, `#!/bin/sh\ncat > /dev/null\nprintf '${said}' >&2\nexit 1\n`, { mode: 0o755 });
  const upload = { kind: "files", files: new Map([["handler.py", Buffer.from("")]]) } as const;
  const about = { language: "python", handler: "handler.handler" } as const;
  const outcome = checkUpload(upload, about, { python, urlPolicy, checks: new CodeChecks() });
  await expect(outcome).rejects.toThrow(
    new RegExp(`^uploads cannot be checked: the compiler ended with code 1: ${told}$`),
  );
});

test("a check that is cancelled ends with the reason", async () => {
  const upload = {
    kind: "files",
    files: new Map([["handler.py", Buffer.from("x = 1\n".repeat(100_000))]]),
  } as const;
  const about = { language: "python", handler: "handler.handler" } as const;
  const controller = new AbortController();
  const outcome = checkUpload(
    upload,
    about,
    { python, urlPolicy, checks: new CodeChecks() },
    controller.signal,
  );
  controller.abort(new Error("the user went away"));
  await expect(outcome).rejects.toThrow("the user went away");
});

describe("JavaScript and TypeScript", () => {
  const javascript = { language: "javascript" } as const;
  const typescript = { language: "typescript" } as const;
  const good = "export function handler(input, context) { return {}; }\n";

  test("that are right are stored", async () => {
    const source =
      "import type { A } from './a.ts';\nexport const handler = (input: A): object => ({ input });\n";
    const checked = await check(
      { "handler.ts": source, "a.ts": "export interface A {}\n", "a.d.ts": "x y" },
      typescript,
    );
    expect(checked.findings).toEqual([]);
  });

  test("with imports of what is not there are stored, with a warning for each that is loaded", async () => {
    const { findings } = await check(
      {
        "handler.ts": `import fs, { type Stats } from "node:fs";
import type { Gone } from "./gone.ts";
import { a } from "./lib/a.ts"; import data from "./data.json" with { type: "json" };
import { b } from "./lib/b.js";
import "there"; import "@scope/there/sub"; import "declared"; import "itself/part"; import "path/posix";
import "missing/sub"; import "@scope/missing"; import "#own"; import "../outside.js";
export { c } from './c';
const lazy = () => [import("./later.js"), require("./never.js")];
export const handler = (input: Stats): object => ({ fs, a, b, data, lazy });
`,
        "lib/a.ts":
          'import "../gone%20one.mjs";\nimport "./%zz.js";\nimport "../handler.ts?again";\nexport const a = 1;\n',
        "lib/b.ts": "export const b = 1;\n",
        "c/index.js": "export const c = 1;\n",
        "test.ts": 'import "./gone.ts";\n',
        "data.json": "{}",
        "package.json": '{ "name": "itself", "type": "module", "dependencies": { "declared": "1.0.0" } }',
        "node_modules/there/index.js": "",
        "node_modules/@scope/there/package.json": "{}",
      },
      typescript,
    );
    const nowhere =
      "which is neither in node_modules of the package nor among the dependencies of its package.json";
    expect(findings.filter(({ rule }) => rule !== "dependencies").map(show)).toEqual([
      "warning handler.ts:4:19 it imports './lib/b.js', which is not in the package; write './lib/b.ts' [missing-import]",
      `warning handler.ts:6:8 it imports 'missing/sub', ${nowhere} [missing-import]`,
      `warning handler.ts:6:30 it imports '@scope/missing', ${nowhere} [missing-import]`,
      "warning handler.ts:7:19 it imports './c', which is not in the package; write './c/index.js' [missing-import]",
      "warning lib/a.ts:1:8 it imports '../gone%20one.mjs', which is not in the package [missing-import]",
    ]);
  });

  test.each([
    ["an ES module", "handler.mjs", `${good}const a = 1;\n  foo bar;\n`, "3:7 Unexpected identifier 'bar'"],
    ["an ES module by its syntax", "handler.js", `${good}\n  return 1;\n`, "3:3 Illegal return statement"],
    [
      "CommonJS",
      "handler.cjs",
      "exports.handler = () => ({});\nlet a; let a;\n",
      "2:12 Identifier 'a' has already been declared",
    ],
    [
      "TypeScript",
      "handler.ts",
      "const a: number = 1;\nexport function handler(: string) {}\n",
      "2:25 Unexpected token `:`. Expected yield, an identifier, [ or {",
    ],
    [
      "TypeScript that is not only types",
      "handler.ts",
      `${good}  enum E { A }\n`,
      "2:3 TypeScript enum is not supported in strip-only mode",
    ],
    [
      "what is wrong after the types are stripped",
      "handler.mts",
      "const größe: number = 1; export { nothing };\n",
      "1:35 Export 'nothing' is not defined in module",
    ],
    ["what does not end", "handler.mjs", "export function handler() {\n", "2:- Unexpected end of input"],
  ])("with a syntax error are refused: %s", async (_, file, source, finding) => {
    expect(await findings({ [file]: source }, typescript)).toEqual([
      `error ${file}:${finding} [SyntaxError]`,
    ]);
  });

  test("are read as their package.json says", async () => {
    const requiring = "const a = require('a');\nexports.handler = () => a;\nreturn;\n";
    expect(
      await findings({ "handler.js": requiring, "package.json": '{"type":"module"}' }, javascript),
    ).toEqual(["error handler.js:3:1 Illegal return statement [SyntaxError]"]);
    expect(await warnings({ "handler.js": requiring, "package.json": "{}" }, javascript)).toEqual([]);
    expect(await findings({ "handler.js": good, "package.json": "{" }, javascript)).toEqual([
      expect.stringMatching(/^error package\.json:-:- it is not JSON: /),
    ]);
  });

  test.each([
    ["a function", good],
    ["a constant", "export const { handler } = { handler() {} };"],
    ["another name", "function f() {}\nexport { f as handler };"],
    ["another module's", "export { handler } from './other.js';"],
    ["all of another module's", "export * from './other.js';"],
    ["all of an installed module's", "export * from 'other';"],
    ["a member of the default", "export default { handler() {} };"],
    ["CommonJS", "module.exports = { handler() {} };"],
    ["CommonJS, by whatever way", "for (const name of ['handler']) exports[name] = () => {};"],
  ])("have their entry point by %s", async (_, source) => {
    const files = { "handler.js": source, "other.js": good, "node_modules/other/index.js": good };
    expect((await check(files, javascript)).findings).toEqual([]);
  });

  test.each<[string, Record<string, string>, string]>([
    [
      "exports others",
      { "handler.ts": "export const a = 1; export class B {}\nfunction handler() {}" },
      "handler.ts:-:- there is no 'handler'; it exports a, B: define",
    ],
    [
      "exports only a type",
      { "handler.ts": "export interface handler {}" },
      "handler.ts:-:- there is no 'handler'; it exports nothing: define",
    ],
    [
      "passes on what has it not",
      { "handler.ts": "export * from './other.ts'", "other.ts": "export const a = 1" },
      "handler.ts:-:- there is no 'handler'; it exports nothing: define",
    ],
    [
      "is another",
      { "src/handler.ts": good, "main.js": "" },
      ":-:- there is no module 'handler'; the package has main, src.handler; the entry point is perhaps src.handler.handler",
    ],
  ])("are refused where the module %s", async (_, files, finding) => {
    const [first] = await findings(files, typescript);
    expect(first?.startsWith(`error ${finding}`), first).toBe(true);
  });

  test("are never run", async () => {
    const source = `process.exit(3);\nawait new Promise(() => {});\nthrow new Error();\n${good}`;
    expect(await warnings({ "handler.mjs": source }, javascript)).toEqual([]);
  });

  test("that are hostile are refused with what they do", async () => {
    expect(await findings({ "handler.js": "[".repeat(1_000_000) }, javascript)).toEqual([
      "error handler.js:-:- it is nested too deeply for Node to parse it [SyntaxError]",
    ]);
    const [first] = await findings({ "handler.ts": "(".repeat(200_000) }, typescript);
    expect(first).toMatch(/^error handler\.ts:/);
    const large = `${good}x = [${"{a:[1]},".repeat(3_500_000)}];`;
    const limits = { checkMemoryBytes: 64 * 1024 ** 2 };
    expect(await findings({ "handler.mjs": large }, javascript, limits)).toEqual([
      "error handler.mjs:-:- it cannot be checked: the compiler ran out of memory [unfinished]",
    ]);
  });
});

describe("a script", () => {
  const script = (handler: string) => ({ language: "script", handler }) as const;

  test("is checked by its ending", async () => {
    const files = { "run.sh": "if true; then\necho\n", "a.py": "def", "b.mjs": "let let", "c.txt": "(" };
    expect(await findings(files, script("run.sh"))).toEqual([
      expect.stringMatching(/^error a\.py:1:4 invalid syntax/),
      expect.stringMatching(/^error b\.mjs:1:5 Unexpected strict mode/),
      expect.stringMatching(/^error run\.sh:\d:- syntax error: unexpected end of file.* \[bash\]$/),
    ]);
  });

  test("is stored where it is right", async () => {
    const checked = await check({ "bin/run.sh": 'rm -rf "$HOME/x"; exit 3\n' }, script("bin/run.sh"));
    expect(checked.files).toEqual(["bin/run.sh"]);
  });

  test("has to be there, with an ending that says how to run it", async () => {
    expect(await findings({ "main.py": "", "a.csv": "" }, script("run.py"))).toEqual([
      'error :-:- there is no file "run.py"; the package has main.py [entry-point]',
    ]);
    expect(await findings({ "a.rb": "" }, script("a.rb"))).toEqual([
      `error :-:- the entry point "a.rb" cannot be: expected the path of the script's file, such as run.sh, which ends in .py, .sh, .js or .ts [entry-point]`,
    ]);
  });
});
