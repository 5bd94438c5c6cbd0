import { basename } from "node:path";
import { expect } from "vitest";
import { type ConformanceCase, of, source } from "../case.ts";

const ECHO = {
  python: "def handler(input, context):\n    return {'got': input}\n",
  javascript: "export function handler(input, context) {\n  return { got: input };\n}\n",
};

/** A call whose input is no JSON object. */
function rejected(name: string, event: string | Buffer, message: RegExp): ConformanceCase {
  return {
    name: `an event is rejected that is ${name}, and the handler is not called`,
    handler: {
      python: "def handler(input, context):\n    context.env['called'] = True\n    return {'called': True}\n",
      javascript: source`
        export function handler(input, context) {
          context.env.called = true;
          return { called: true };
        }
      `,
    },
    async run({ worker }) {
      const empty = await worker.snapshot();
      const result = await worker.call(Buffer.from(event));
      expect(result).toMatchObject({ outcome: "rejected", outputText: "" });
      expect(Object.keys(result.head)).toEqual(["message"]);
      expect(result.head.message).toMatch(message);
      expect(await worker.snapshot()).toEqual(empty);
      expect(await worker.output()).toEqual({ called: true });
    },
  };
}

/** A handler that fails as a statement says. */
function failing(
  name: string,
  statements: { readonly python?: string; readonly javascript: string },
  messages: { readonly python?: string | RegExp; readonly javascript: string | RegExp },
  because?: string,
): ConformanceCase {
  const javascript = source`
    class Problem extends Error {}
    const unprintable = { toString() { throw new Error(); } };
    function deeper(input, context) {
      ${statements.javascript}
    }
    export function handler(input, context) {
      if (input.good) return { good: true };
      return deeper(input, context);
    }
  `;
  const typescript = javascript
    .replace("deeper(input, context) {", "deeper(input: any, context: any): any {")
    .replace("handler(input, context)", "handler(input: any, context: any): unknown");
  const python = source`
    import sys
    class Problem(Exception): pass
    class Unprintable(Exception):
        def __str__(self): raise RuntimeError
    def deeper(input, context):
        ${statements.python}
    def handler(input, context):
        if input.get("good"): return {"good": True}
        return deeper(input, context)
  `;
  return {
    name: `a handler's error is told with the function's own lines: ${name}`,
    handler: { ...(statements.python === undefined ? {} : { python }), javascript, typescript },
    ...(because === undefined ? {} : { because }),
    async run({ worker, file, language }) {
      const result = await worker.call();
      expect(result).toMatchObject({ outcome: "error", outputText: "" });
      expect(result.head.message).toMatch(of<string | RegExp>(messages, language) ?? "");
      const { details = "" } = result.head;
      if (!/without a stack/.test(name)) {
        expect(details).toMatch(basename(file));
        expect(details).toMatch(/\bdeeper\b/);
        expect(details).toMatch(/\bhandler\b/);
      }
      expect(details).not.toMatch(/gaugelet_worker|runtime\/src|node:internal/);
      expect(details.length).toBeLessThan(33_000);
      expect(await worker.output({ good: true })).toEqual({ good: true });
    },
  };
}

export const CALLS: readonly ConformanceCase[] = [
  {
    name: "a call is answered with the output, without a head",
    handler: ECHO,
    async run({ worker }) {
      const result = await worker.call({ größe: [1, null, "😀", true, 1.5] });
      expect(result).toMatchObject({ id: 1, outcome: "ok", head: {} });
      expect(result.outputText).toBe('{"got":{"größe":[1,null,"😀",true,1.5]}}');
    },
  },
  {
    name: "a call's time, processor time and memory are told",
    handler: {
      python: source`
        import time
        def handler(input, context):
            end = time.process_time() + 0.05
            while time.process_time() < end: pass
            time.sleep(0.05)
            return {}
      `,
      javascript: source`
        import { setTimeout as sleep } from "node:timers/promises";
        export async function handler(input, context) {
          const start = process.cpuUsage();
          while (process.cpuUsage(start).user < 50_000);
          await sleep(50);
          return {};
        }
      `,
      typescript: source`
        import { setTimeout as sleep } from "node:timers/promises";
        export async function handler(): Promise<object> {
          const start = process.cpuUsage();
          while (process.cpuUsage(start).user < 50_000);
          await sleep(50);
          return {};
        }
      `,
    },
    async run({ worker }) {
      const { seconds, cpuSeconds, memoryBytes } = await worker.call();
      expect(cpuSeconds).toBeGreaterThanOrEqual(0.04);
      expect(seconds).toBeGreaterThanOrEqual(cpuSeconds / 4 + 0.04);
      expect(memoryBytes).toBeGreaterThan(1024 ** 2);
      const next = await worker.call();
      expect(next.memoryBytes).toBeGreaterThanOrEqual(memoryBytes);
    },
  },
  {
    name: "the memory of a call is the most that the process has had",
    handler: {
      python: "def handler(input, context):\n    return {'n': len(bytearray(b'x') * input['bytes'])}\n",
      javascript: source`
        export function handler(input, context) {
          return { n: Buffer.alloc(input.bytes, "x").length };
        }
      `,
    },
    async run({ worker }) {
      const before = await worker.call({ bytes: 1 });
      const large = await worker.call({ bytes: 80_000_000 });
      const after = await worker.call({ bytes: 1 });
      expect(large.memoryBytes).toBeGreaterThan(before.memoryBytes + 40_000_000);
      expect(after.memoryBytes).toBeGreaterThanOrEqual(large.memoryBytes);
    },
  },
  rejected("empty", "", /^the input is empty; a JSON object was expected$/),
  rejected("white space", " \n\t ", /^the input is empty; a JSON object was expected$/),
  rejected("a list", "[1]", /^the input is an? .*(?:list|array); a JSON object was expected$/),
  rejected("a number", "4711", /^the input is a .*(?:int|number); a JSON object was expected$/),
  rejected("null", "null", /^the input is (?:None|null); a JSON object was expected$/),
  rejected("text", "cpu is busy", /^the input is not JSON: .*; it begins with b?['"]cpu is busy['"]$/),
  rejected("cut off", '{"a": [1, 2', /^the input is not JSON: .*; it begins with /),
  rejected(
    "not UTF-8",
    Buffer.from('{"a": "\xff"}', "latin1"),
    /^the input is not JSON: .*; it begins with /,
  ),
  rejected("written with single quotes", "{'a': 1}", /^the input is not JSON: /),
  {
    name: "numbers are read that JSON has not but Python writes",
    handler: {
      python: source`
        def handler(input, context):
            return {"shown": [str(value) for value in input["values"]], "text": input["text"]}
      `,
      javascript: source`
        export function handler(input, context) {
          return { shown: input.values.map(String), text: input.text };
        }
      `,
      typescript: source`
        export function handler(input: any, context: any): unknown {
          return { shown: input.values.map(String), text: input.text };
        }
      `,
    },
    async run({ worker, language }) {
      const event = '{"values": [NaN, Infinity, -Infinity, 1], "text": "NaN, \\"Infinity\\""}';
      expect(await worker.output(Buffer.from(event))).toEqual({
        shown: of(
          { python: ["nan", "inf", "-inf", "1"], javascript: ["NaN", "Infinity", "-Infinity", "1"] },
          language,
        ),
        text: 'NaN, "Infinity"',
      });
    },
  },
  {
    name: "keys of the input are data, whatever they are called",
    handler: ECHO,
    async run({ worker }) {
      const { outputText } = await worker.call(
        Buffer.from('{"__proto__":{"a":1},"constructor":2,"__class__":3}'),
      );
      expect(outputText).toBe('{"got":{"__proto__":{"a":1},"constructor":2,"__class__":3}}');
    },
  },
  failing(
    "an error",
    { python: "raise ValueError('not this')", javascript: "throw new RangeError('not this');" },
    { python: /^ValueError: not this$/, javascript: /^RangeError: not this$/ },
  ),
  failing(
    "an error without a message",
    { python: "raise KeyError", javascript: "throw new TypeError();" },
    { python: /^KeyError$/, javascript: /^TypeError$/ },
  ),
  failing(
    "a class of its own",
    { python: "raise Problem('own')", javascript: "throw new Problem('own');" },
    { python: /Problem: own$/, javascript: /^Problem: own$/ },
  ),
  failing(
    "a fault of the language",
    { python: "input['missing']", javascript: "return input.missing.part;" },
    { python: /^KeyError: 'missing'$/, javascript: /^TypeError: Cannot read properties of undefined/ },
  ),
  failing(
    "an exit",
    { python: "sys.exit(3)", javascript: "process.exit(3);" },
    {
      python: /^handler called sys\.exit\(3\); return instead$/,
      javascript: /^handler called process\.exit\(3\); return instead$/,
    },
  ),
  failing(
    "text that is not Unicode",
    { python: "raise ValueError('\\udce9')", javascript: "throw new RangeError('\\udce9');" },
    { python: /^ValueError: \udce9$/, javascript: /^RangeError: \udce9$/ },
  ),
  failing(
    "a message of a megabyte",
    { python: "raise ValueError('x' * 1_000_000)", javascript: "throw new RangeError('x'.repeat(1e6));" },
    { python: /^ValueError: x{1000}.*… \(cut\)$/, javascript: /^RangeError: x{1000}.*… \(cut\)$/ },
  ),
  failing(
    "text without a stack",
    { javascript: "throw 'text';" },
    { javascript: /^"text" was thrown; throw an Error instead/ },
    "only JavaScript can throw what is no error",
  ),
  failing(
    "something without a stack, which no text can be made of by its own means",
    { javascript: "throw Object.assign(unprintable, { code: 5 });" },
    { javascript: /^\{ toString: \[Function: toString\], code: 5 \} was thrown; throw an Error instead/ },
    "only JavaScript can throw what is no error",
  ),
  {
    name: "endless recursion is an error of a length that can be read",
    handler: {
      python: "def handler(input, context):\n    return handler(input, context)\n",
      javascript: "export function handler(input, context) {\n  return { a: handler(input, context) };\n}\n",
    },
    async run({ worker, language }) {
      const { outcome, head } = await worker.call();
      expect(outcome).toBe("error");
      const python = "RecursionError: maximum recursion depth exceeded";
      const javascript = "RangeError: Maximum call stack size exceeded";
      expect(head.message).toMatch(of({ python, javascript }, language) ?? "");
      expect(head.details?.split("\n").length).toBeLessThan(100);
      expect((await worker.call()).outcome).toBe("error");
    },
  },
  {
    name: "what an error was caused by is told too",
    handler: {
      python: source`
        def handler(input, context):
            try: 1 / 0
            except ZeroDivisionError as error: raise ValueError("outer") from error
      `,
      javascript: source`
        export function handler(input, context) {
          try { null.x; } catch (error) { throw new Error("outer", { cause: error }); }
        }
      `,
      typescript: source`
        export function handler(input: object, context: object): unknown {
          try { return (null as any).x; } catch (error) { throw new Error("outer", { cause: error }); }
        }
      `,
    },
    async run({ worker, language }) {
      const { head } = await worker.call();
      expect(head.message).toMatch(/outer$/);
      expect(head.details).toMatch("outer");
      expect(head.details).toMatch(
        of({ python: "ZeroDivisionError", javascript: "TypeError" }, language) ?? "",
      );
    },
  },
  {
    name: "a resource that is not to be had is told with the name of its limit",
    notInMachines: "its limits are not to be set from outside",
    handler: {
      python: source`
        def handler(input, context):
            kept = []
            while True: kept.append(open("/dev/null"))
      `,
      javascript: source`
        import { openSync } from "node:fs";
        export function handler(input, context) {
          for (;;) openSync("/dev/null", "r");
        }
      `,
    },
    async run({ worker }) {
      const { execFileSync } = await import("node:child_process");
      execFileSync("prlimit", [`--nofile=64:64`, `--pid=${worker.process.pid}`]);
      const { outcome, head } = await worker.call();
      expect({ outcome, limit: head.limit }).toEqual({ outcome: "error", limit: "openFiles" });
      expect(head.message).toMatch(/; limits\.openFiles is reached: raise it or use less$/);
    },
  },
  {
    name: "a handler may return a promise; calls are still answered one after the other",
    handler: {
      javascript: source`
        import { setTimeout as sleep } from "node:timers/promises";
        let running = 0;
        export async function handler(input, context) {
          running += 1;
          const alone = running === 1;
          if (input.n % 3 === 0) await sleep(2);
          if (input.n % 3 === 1) await null;
          running -= 1;
          if (input.n === 7) throw new RangeError("seven");
          return { n: input.n, alone };
        }
      `,
    },
    because: "Python's handlers are not awaited",
    async run({ worker }) {
      for (let n = 0; n < 30; n += 1) worker.sendCall({ n });
      for (let n = 0; n < 30; n += 1) {
        const result = await worker.result();
        expect(result?.id).toBe(n + 1);
        if (n !== 7) expect(JSON.parse(result?.outputText ?? "")).toEqual({ n, alone: true });
        else expect(result).toMatchObject({ outcome: "error", head: { message: "RangeError: seven" } });
      }
    },
  },
  {
    name: "what is returned may throw when it is looked at, which ends the call alone",
    handler: {
      javascript: source`
        export function handler(input, context) {
          return Object.defineProperty({ is: "there" }, "then", { get() { if (input.fail) throw new Error("then"); } });
        }
      `,
    },
    because: "in Python nothing is looked for in it",
    async run({ worker }) {
      expect(await worker.call({ fail: true })).toMatchObject({
        outcome: "error",
        head: { message: "Error: then" },
      });
      expect(await worker.output()).toEqual({ is: "there" });
    },
  },
  {
    name: "a coroutine that is returned is told",
    handler: { python: "async def handler(input, context):\n    return {}\n" },
    because: "JavaScript's promises are awaited",
    async run({ worker }) {
      const { head } = await worker.call();
      expect(head.message).toBe(
        "handler returned a coroutine (write `def` instead of `async def`, and `asyncio.run` in it); a dict was expected",
      );
    },
  },
];
