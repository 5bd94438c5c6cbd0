import { basename } from "node:path";
import { expect } from "vitest";
import { type ConformanceCase, of, source } from "../case.ts";
import { SETUPS } from "../languages.ts";

const ECHO = {
  python: "def handler(input, context):\n    return {'got': input}\n",
  javascript: "export function handler(input, context) {\n  return { got: input };\n}\n",
};

export const LOADING: readonly ConformanceCase[] = [
  {
    name: "a function is loaded, and it is said by what",
    notInMachines: "its process id is the machine's",
    handler: ECHO,
    isLoaded: false,
    async run({ worker, language }) {
      const head = await worker.load("loaded");
      expect(head).toEqual({
        runtime: expect.stringMatching(SETUPS[language].runtime),
        pid: worker.process.pid,
        importSeconds: expect.any(Number),
      });
      expect(head.importSeconds).toBeGreaterThanOrEqual(0);
    },
  },
  {
    name: "a single file may have any name",
    handler: ECHO,
    isLoaded: false,
    async run({ worker, language, write }) {
      const file = write(`my-function.2${SETUPS[language].extension}`, of(ECHO, language) ?? "");
      await worker.load("loaded", { file });
      await worker.restore();
      expect(await worker.output({ a: 1 })).toEqual({ got: { a: 1 } });
    },
  },
  {
    name: "a module may lie in folders",
    handler: ECHO,
    isLoaded: false,
    async run({ worker, language, write }) {
      write(`one/two${SETUPS[language].extension}`, of(ECHO, language) ?? "");
      await worker.load("loaded", { handler: "one.two.handler" });
      await worker.restore();
      expect(await worker.output({ a: 1 })).toEqual({ got: { a: 1 } });
    },
  },
  {
    name: "a sibling is imported from the function's folder",
    handler: {
      python: "from sibling import handler\n",
      javascript: 'export { handler } from "./sibling.mjs";\n',
      typescript: 'export { handler } from "./sibling.ts";\n',
    },
    isLoaded: false,
    async run({ worker, language, write }) {
      write(`sibling${SETUPS[language].extension}`, of(ECHO, language) ?? "");
      await worker.load("loaded");
      await worker.restore();
      expect(await worker.output({ a: 1 })).toEqual({ got: { a: 1 } });
    },
  },
  {
    name: "anything that can be called is a handler, under any name",
    handler: {
      python:
        "class Own:\n    def __call__(self, input, context):\n        return {'own': True}\nmain = Own()\n",
      javascript: "export const main = (() => ({ own: true })).bind(null);\n",
    },
    isLoaded: false,
    async run({ worker }) {
      await worker.load("loaded", { handler: "usermodule.main" });
      await worker.restore();
      expect(await worker.output()).toEqual({ own: true });
    },
  },
  {
    name: "there is no such module",
    handler: ECHO,
    isLoaded: false,
    async run({ worker }) {
      const { message, details } = await worker.load("loadFailed", { handler: "missing.handler" });
      expect(message).toMatch(`there is no module 'missing' in ${worker.folder}`);
      expect(details).toBe("");
    },
  },
  {
    name: "a module that is there in another language is told with the word for it",
    handler: ECHO,
    isLoaded: false,
    async run({ worker, language, write }) {
      const [ending, other] = language === "python" ? [".ts", "typescript"] : [".py", "python"];
      const file = write(`other${ending}`, "");
      const { message } = await worker.load("loadFailed", { handler: "other.handler" });
      expect(message).toMatch(`there is no module 'other' in ${worker.folder}`);
      expect(message).toContain(`; there is ${file}: set \`language: ${other}\``);
    },
  },
  {
    name: "there is no such file",
    handler: ECHO,
    isLoaded: false,
    async run({ worker, language }) {
      const file = `${worker.folder}/missing${SETUPS[language].extension}`;
      expect(await worker.load("loadFailed", { file })).toEqual({
        message: `${file} does not exist`,
        details: "",
      });
    },
  },
  {
    name: "a file of another language is refused",
    handler: ECHO,
    isLoaded: false,
    async run({ worker, write }) {
      const file = write("handler.txt", "");
      const { message } = await worker.load("loadFailed", { file });
      expect(message).toMatch(/^\/.*\/handler\.txt is not a .* file: its name must end in \./);
    },
  },
  {
    name: "an entry point needs a module and a name",
    handler: ECHO,
    isLoaded: false,
    async run({ worker }) {
      for (const handler of ["handler", "", ".handler", "usermodule."]) {
        expect(await worker.load("loadFailed", { handler })).toEqual({
          message: `the entry point '${handler}' is not of the form module.attribute`,
          details: "",
        });
      }
    },
  },
  {
    name: "a missing entry point is told with what there is",
    handler: {
      python: "def handle(): pass\ndef other(): pass\nN = 1\n",
      javascript: "export function handle() {}\nexport function other() {}\nexport const N = 1;\n",
    },
    isLoaded: false,
    async run({ worker, file }) {
      const { message } = await worker.load("loadFailed");
      expect(message).toMatch(`${file} has no 'handler'; it has handle, other. Define \``);
      expect(message).toMatch(/handler\(input, context\)` or choose another entry point$/);
    },
  },
  {
    name: "an entry point must be something to call",
    handler: { python: "handler = {'a': 1}\n", javascript: "export const handler = { a: 1 };\n" },
    isLoaded: false,
    async run({ worker, file }) {
      const { message } = await worker.load("loadFailed");
      expect(message).toMatch(`usermodule.handler in ${file} is `);
      expect(message).toMatch(/, which cannot be called; `.*handler\(input, context\)` was expected$/);
    },
  },
  {
    name: "a syntax error is told with its file and line",
    handler: {
      python: "def handler(input, context):\n    x = = 1\n",
      javascript: "export function handler(input, context) {\n  const x = = 1;\n}\n",
    },
    isLoaded: false,
    async run({ worker, file }) {
      const { message, details } = await worker.load("loadFailed");
      expect(message).toMatch(`SyntaxError in ${file}, line 2: `);
      expect(details).toMatch("x = = 1");
    },
  },
  {
    name: "a syntax error of a sibling is told with the sibling's file",
    handler: {
      python: "import sibling\n",
      javascript: 'import "./sibling.mjs";\n',
      typescript: 'import "./sibling.ts";\n',
    },
    isLoaded: false,
    async run({ worker, language, write }) {
      const sibling = write(`sibling${SETUPS[language].extension}`, "\n\nx = = 1\n");
      const { message } = await worker.load("loadFailed");
      expect(message).toMatch(`SyntaxError in ${sibling}, line 3: `);
    },
  },
  {
    name: "what is not installed is told with what to do",
    handler: {
      python: "import not_installed.part\n",
      javascript: 'import "not_installed/part";\n',
    },
    isLoaded: false,
    async run({ worker }) {
      const { message } = await worker.load("loadFailed");
      expect(message).toMatch("the function imports 'not_installed', which is not installed ");
      expect(message).toMatch(/ the module (beside|into a zip with) the function/);
    },
  },
  {
    name: "an error at import is told with the function's own lines alone",
    handler: {
      python: "def run():\n    raise ValueError('at import')\nrun()\n",
      javascript: "function run() {\n  throw new TypeError('at import');\n}\nrun();\n",
    },
    isLoaded: false,
    async run({ worker, file, language }) {
      const { message, details } = await worker.load("loadFailed");
      const name = of({ python: "ValueError", javascript: "TypeError" }, language);
      expect(message).toBe(`importing 'usermodule' failed: ${name}: at import`);
      expect(details).toMatch(basename(file));
      expect(details).toMatch("run");
      expect(details).not.toMatch(/gaugelet_worker|runtime\/src|node:internal|importlib/);
    },
  },
  {
    name: "whatever is thrown at import is told",
    handler: {
      javascript: source`
        const thrown = { get first() { throw process.env.THROWN === "null" ? null : new Error("got"); } };
        export default thrown;
        export function handler() {}
        if (process.env.THROWN === "at once") throw undefined;
      `,
    },
    because: "in Python only exceptions can be raised, and an export is not computed",
    isLoaded: false,
    async run({ another }) {
      for (const [THROWN, message] of [
        ["at once", "undefined was thrown; throw an Error instead, which says where it came from"],
        ["null", "null was thrown; throw an Error instead, which says where it came from"],
        ["an error", "Error: got"],
      ] as const) {
        expect((await another({ THROWN }).load("loadFailed")).message).toBe(
          `importing 'usermodule' failed: ${message}`,
        );
      }
    },
  },
  {
    name: "an exit at import is a function that cannot be loaded",
    handler: { python: "import sys\nsys.exit(3)\n", javascript: "process.exit(3);\n" },
    isLoaded: false,
    async run({ worker }) {
      const { message } = await worker.load("loadFailed");
      expect(message).toMatch(/^importing 'usermodule' failed: .*3/);
    },
  },
  {
    name: "after a function that cannot be loaded another one can",
    notInMachines: "its files come with the machine",
    handler: { python: "1 / 0\n", javascript: "null.x;\n", typescript: "(null as any).x;\n" },
    isLoaded: false,
    async run({ worker, language, write }) {
      await worker.load("loadFailed");
      write(`other${SETUPS[language].extension}`, of(ECHO, language) ?? "");
      await worker.load("loaded", { handler: "other.handler" });
      await worker.restore();
      expect(await worker.output({ a: 1 })).toEqual({ got: { a: 1 } });
    },
  },
  {
    name: "CommonJS is loaded as well as ES modules, with and without a package.json",
    handler: { javascript: "" },
    because: "a matter of Node's modules",
    isLoaded: false,
    async run({ write, another }) {
      const esm = "export const handler = () => ({ is: 'esm' });\n";
      // In a way that Node cannot see before it runs the code.
      const commonjs = "Object.assign(exports, { ['han' + 'dler']: () => ({ is: 'commonjs' }) });\n";
      const files: [name: string, content: string, is: string][] = [
        ["a.js", esm, "esm"],
        ["b.js", commonjs, "commonjs"],
        ["c.cjs", commonjs, "commonjs"],
        ["d.mts", esm, "esm"],
        ["e.ts", esm, "esm"],
        ["typed/f.js", esm, "esm"],
        ["typed/g.cjs", commonjs, "commonjs"],
      ];
      write("typed/package.json", '{ "type": "module" }');
      for (const [name, content, is] of files) {
        write(name, content);
        const worker = another();
        await worker.load("loaded", { handler: `${name.split(".")[0]?.replace("/", ".")}.handler` });
        await worker.restore();
        expect(await worker.output()).toEqual({ is });
        expect((await worker.end()).stderr).toBe("");
      }
    },
  },
  {
    name: "a module may await before it is loaded",
    handler: {
      javascript: source`
        const { setTimeout: sleep } = await import("node:timers/promises");
        await sleep(5);
        export const handler = () => ({ awaited: true });
      `,
    },
    because: "Python has no await outside functions",
    async run({ worker }) {
      expect(await worker.output()).toEqual({ awaited: true });
    },
  },
  {
    name: "a module that is there under another ending is named",
    because: "imports of TypeScript are elsewhere written without its ending",
    handler: { typescript: 'export { handler } from "./sibling.js";\n' },
    isLoaded: false,
    async run({ worker, write }) {
      const sibling = write("sibling.ts", "export const handler = () => ({});\n");
      const { message } = await worker.load("loadFailed");
      expect(message).toContain(`there is ${sibling}, which is imported with its ending`);
    },
  },
  {
    name: "TypeScript that is more than types is told",
    handler: { typescript: "export enum Kind { A }\nexport const handler = () => ({});\n" },
    because: "a matter of TypeScript",
    isLoaded: false,
    async run({ worker, file }) {
      expect(await worker.load("loadFailed")).toEqual({
        message:
          `SyntaxError in ${file}, line 1: TypeScript enum is not supported in strip-only mode` +
          ": nothing but types is taken out; write an object `as const` instead",
        details: "export enum Kind { A }",
      });
    },
  },
  {
    name: "a module that is read as CommonJS, or in another encoding, is told as such",
    handler: { javascript: "" },
    because: "Python's modules are of one kind, and its encodings are told of in its own tests",
    isLoaded: false,
    async run({ another, write }) {
      const esm = "export const handler = () => ({});\n";
      write("package.json", '{ "type": "commonjs" }');
      write("exports.js", esm);
      write("imports.js", `import "node:fs";\n`);
      write("utf16.mjs", Buffer.from(esm, "utf16le"));
      for (const [name, hint] of [
        ["exports", 'let its name end in .mjs, or write "type": "module" into package.json'],
        ["imports", 'let its name end in .mjs, or write "type": "module" into package.json'],
        ["utf16", "save the file as UTF-8"],
      ] as const) {
        const { message } = await another().load("loadFailed", { handler: `${name}.handler` });
        expect(message).toMatch(/SyntaxError in .*, line 1: /);
        expect(message).toContain(hint);
      }
    },
  },
  {
    name: "a decorator is told as one",
    handler: {
      javascript: "class Own {\n  @log\n  method() {}\n}\nexport const handler = () => ({});\n",
    },
    because: "Python has decorators",
    isLoaded: false,
    async run({ worker, file }) {
      const { message, details } = await worker.load("loadFailed");
      expect(message).toMatch(`SyntaxError in ${file}, line 2: `);
      expect(message).toMatch(/; Node has no decorators: call them as functions$/);
      expect(details).toBe("  @log");
    },
  },
  {
    name: "a syntax error that shows only where the names are looked at is told with its file and line",
    handler: { javascript: 'import "./sibling.mjs";\n' },
    because: "Python's parser and compiler say where they are",
    isLoaded: false,
    async run({ worker, write }) {
      const sibling = write("sibling.mjs", "const one = 1;\nconst one = 2;\n");
      expect(await worker.load("loadFailed")).toEqual({
        message: `SyntaxError in ${sibling}, line 2: Identifier 'one' has already been declared`,
        details: "const one = 2;",
      });
    },
  },
  {
    name: "what only Node's own code knows of is told without Node's lines",
    handler: { javascript: 'import data from "./data.json";\nexport const handler = () => data;\n' },
    because: "a matter of Node",
    isLoaded: false,
    async run({ worker, write }) {
      const data = write("data.json", "{}");
      const { message, details } = await worker.load("loadFailed");
      expect(message).toMatch(/"; import it `with \{ type: "json" \}`$/);
      expect(details).toBe(
        `TypeError [ERR_IMPORT_ATTRIBUTE_MISSING]: Module "file://${data}" needs an import attribute of "type: json"`,
      );
    },
  },
  {
    name: "a default export is told as the entry point that it could be",
    handler: { javascript: "export default function handler() { return { is: 'default' }; }\n" },
    because: "a matter of JavaScript's modules",
    isLoaded: false,
    async run({ worker, another }) {
      const { message } = await worker.load("loadFailed");
      expect(message).toMatch(/ it has default\. .* another entry point: `handler: usermodule\.default`$/);
      const again = another();
      await again.load("loaded", { handler: "usermodule.default" });
      await again.restore();
      expect(await again.output()).toEqual({ is: "default" });
    },
  },
  {
    name: "a class is no entry point",
    handler: { javascript: "export class handler {}\n" },
    because: "Python's classes can be called",
    isLoaded: false,
    async run({ worker, file }) {
      const { message } = await worker.load("loadFailed");
      expect(message).toMatch(`usermodule.handler in ${file} is a class, which cannot be called; `);
    },
  },
];
