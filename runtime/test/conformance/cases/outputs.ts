import { expect } from "vitest";
import { type ConformanceCase, of, type PerLanguage, source } from "../case.ts";

type Returned = { readonly python?: string; readonly javascript?: string };

function handlerReturning({ python, javascript }: Returned): PerLanguage<string> {
  return {
    ...(python === undefined
      ? {}
      : {
          python: `import datetime, decimal, collections, math\ndef handler(input, context):\n    ${python}\n`,
        }),
    ...(javascript === undefined
      ? {}
      : {
          javascript: `export function handler(input, context) {\n  ${javascript}\n}\n`,
          typescript: `export function handler(input: any, context: any): unknown {\n  ${javascript}\n}\n`,
        }),
  };
}

/** What a handler returns that can be no output. */
function refused(name: string, returned: Returned, message: RegExp, because?: string): ConformanceCase {
  return {
    name: `${name} is no output`,
    handler: handlerReturning(returned),
    ...(because === undefined ? {} : { because }),
    async run({ worker }) {
      const result = await worker.call();
      expect(result).toMatchObject({ outcome: "error", outputText: "" });
      expect(Object.keys(result.head)).toEqual(["message"]);
      expect(result.head.message).toMatch(message);
    },
  };
}

/** What a handler returns, and how it is stored. */
function stored(
  name: string,
  returned: Returned,
  output: PerLanguage<string> | string,
  because?: string,
): ConformanceCase {
  return {
    name: `${name} is stored`,
    handler: handlerReturning(returned),
    ...(because === undefined ? {} : { because }),
    async run({ worker, language }) {
      const result = await worker.call();
      expect(result).toMatchObject({ outcome: "ok", head: {} });
      expect(result.outputText).toBe(typeof output === "string" ? output : of(output, language));
    },
  };
}

const ONLY_JAVASCRIPT = "a type that only JavaScript has";

export const OUTPUTS: readonly ConformanceCase[] = [
  refused(
    "what is not returned",
    { python: "pass", javascript: "({});" },
    /^handler returned (?:None; a dict|undefined; an object) was expected; did you forget `return`\?$/,
  ),
  refused(
    "a list",
    { python: "return [1]", javascript: "return [1];" },
    /^handler returned (?:a value of type list; a dict|an array; an object) was expected$/,
  ),
  refused(
    "a number",
    { python: "return 1.5", javascript: "return 1.5;" },
    /^handler returned (?:a value of type float; a dict|a number; an object) was expected$/,
  ),
  refused(
    "text",
    { python: "return '{}'", javascript: "return '{}';" },
    /^handler returned (?:a value of type str; a dict|a string; an object) was expected$/,
  ),
  refused(
    "a function",
    { python: "return handler", javascript: "return handler;" },
    /^handler returned (?:a value of type function; a dict|a function; an object) was expected$/,
  ),
  refused(
    "bytes",
    { python: "return b'x'", javascript: "return Buffer.from('x');" },
    /^handler returned (?:a value of type bytes; a dict|an instance of Buffer; an object) was expected$/,
  ),
  refused(
    "an instance of a class",
    { javascript: "return new (class Own { a = 1; })();" },
    /^handler returned an instance of Own; an object was expected$/,
    "in Python it depends on the class",
  ),
  refused(
    "a generator",
    { javascript: "return (async function* () { yield {}; })();" },
    /^handler returned an instance of AsyncGenerator; an object was expected; `return` it instead of `yield`$/,
    "in Python it is a value of type generator",
  ),
  refused(
    "an error",
    { javascript: "return new RangeError('lost');" },
    /^handler returned an instance of RangeError; an object was expected; throw it instead: RangeError: lost$/,
    "in Python it is a value of type RangeError",
  ),
  refused(
    "what has a view of bytes in it",
    { javascript: "return { a: new DataView(new ArrayBuffer(1)) };" },
    /^the output cannot be JSON: "a" holds bytes, which are not JSON/,
    ONLY_JAVASCRIPT,
  ),
  refused(
    "what has bytes in it",
    { python: "return {'a': {'b': b'x'}}", javascript: "return { a: { b: Buffer.from('x') } };" },
    /^the output cannot be JSON: .*bytes.* not JSON; decode them to .*, or use base64$/,
  ),
  refused(
    "what has bytes deep in it",
    {
      python: "return {'a': [1, {'ü': {'c': (b'x',)}}]}",
      javascript: "return { a: [1, new Map([['ü', { c: new Set([new ArrayBuffer(1)]) }]])] };",
    },
    /^the output cannot be JSON: "a\[1\]\.ü\.c\[0\]" holds bytes, which are not JSON; decode them to/,
  ),
  refused(
    "what contains itself",
    {
      python: "a = {}; a['a'] = a; return a",
      javascript: "const a: any = {}; a.a = a; return a;".replace(": any", ""),
    },
    /^the output cannot be JSON: it contains itself$|contains itself$/,
  ),
  refused(
    "what has a promise in it",
    { javascript: "const b = Promise.resolve(1); return { a: [{ b }] };" },
    /^the output cannot be JSON: "a\[0\]\.b" holds a promise; did you forget `await`\?$/,
    ONLY_JAVASCRIPT,
  ),
  refused(
    "a BigInt that no number keeps",
    { javascript: "return { a: 2n ** 60n };" },
    /^the output cannot be JSON: "a" holds the BigInt 1152921504606846976, beyond the integers/,
    ONLY_JAVASCRIPT,
  ),
  {
    name: "what is nested 100,000 deep is no output, and ends nothing",
    handler: {
      python: source`
        def handler(input, context):
            value = {}
            for _ in range(input["deep"]): value = {"a": value}
            return value
      `,
      javascript: source`
        export function handler(input, context) {
          let value = {};
          for (let deep = 0; deep < input.deep; deep += 1) value = { a: value };
          return value;
        }
      `,
    },
    async run({ worker }) {
      const { outcome, head } = await worker.call({ deep: 100_000 });
      expect(outcome).toBe("error");
      expect(head.message).toMatch("the output is nested too deeply or contains itself");
      expect(await worker.output({ deep: 1 })).toEqual({ a: {} });
    },
  },
  {
    name: "an output beyond its limit is none, with the name of the limit; one at its limit is one",
    handler: {
      python: "def handler(input, context):\n    return {'a': input['unit'] * input['times']}\n",
      javascript: source`
        export function handler(input, context) {
          return { a: input.unit.repeat(input.times) };
        }
      `,
    },
    isLoaded: false,
    async run({ worker }) {
      await worker.load("loaded", { limits: { output: 2008, env: 100, cpu: null, memory: null } });
      await worker.restore();
      expect((await worker.call({ unit: "x", times: 2000 })).outputText).toHaveLength(2008);
      expect((await worker.call({ unit: "ö", times: 1000 })).outputText).toHaveLength(1008);
      const tooMuch =
        "the output is 2,010 bytes, more than the limit of 2,008; return less or raise limits.output";
      for (const call of [
        { unit: "x", times: 2002 },
        { unit: "ö", times: 1001 },
      ]) {
        const { outcome, head, outputText } = await worker.call(call);
        expect({ outcome, head, outputText }).toEqual({
          outcome: "error",
          head: { message: tooMuch, limit: "output" },
          outputText: "",
        });
      }
    },
  },
  stored("an empty object", { python: "return {}", javascript: "return {};" }, "{}"),
  stored(
    "text of all kinds",
    {
      python: "return {'größe': '😀 \\u2028 \\x00 \\\" \\\\'}",
      javascript: "return { größe: '😀 \\u2028 \\x00 \\\" \\\\' };",
    },
    '{"größe":"😀 \u2028 \\u0000 \\" \\\\"}',
  ),
  {
    name: "half of a character is stored as JSON has it",
    handler: handlerReturning({
      python: "return {'a': '\\ud800'}",
      javascript: "return { a: '\\ud800' };",
    }),
    async run({ worker }) {
      expect((await worker.call()).outputText).toBe('{"a":"\\ud800"}');
    },
  },
  stored(
    "a set, and a map with keys that are numbers",
    {
      python: "return {'s': {1}, 'm': {1: {2: [3]}}}",
      javascript: "return { s: new Set([1]), m: new Map([[1, new Map([[2, [3]]])]]) };",
    },
    '{"s":[1],"m":{"1":{"2":[3]}}}',
  ),
  stored(
    "a point in time",
    {
      python: "return {'t': datetime.datetime(2026, 1, 2, 3, 4, 5)}",
      javascript: "return { t: new Date(Date.UTC(2026, 0, 2, 3, 4, 5)) };",
    },
    { python: '{"t":"2026-01-02T03:04:05"}', javascript: '{"t":"2026-01-02T03:04:05.000Z"}' },
  ),
  stored(
    "an array of numbers of a kind of its own",
    {
      python: "import array; return {'a': list(array.array('d', [1.5, 2.5])), 'e': []}",
      javascript: "return { a: new Float64Array([1.5, 2.5]), e: new Uint8Array() };",
    },
    '{"a":[1.5,2.5],"e":[]}',
  ),
  stored(
    "a BigInt, where a number keeps it",
    { javascript: "return { a: 2n ** 53n - 1n, b: [-1n] };" },
    '{"a":9007199254740991,"b":[-1]}',
    ONLY_JAVASCRIPT,
  ),
  stored(
    "what JSON.stringify leaves out or asks for",
    {
      javascript:
        "return { a: undefined, f() {}, d: { toJSON: () => ({ x: 1 }) }, l: [undefined], e: new Error('e') };",
    },
    '{"d":{"x":1},"l":[null],"e":"Error: e"}',
    ONLY_JAVASCRIPT,
  ),
  stored(
    "an error, with what it says, whatever was set on it",
    {
      javascript: source`
        class Refused extends Error { constructor() { super("refused"); this.status = 403; } }
        const missing = Object.assign(new Error("missing"), { code: "ENOENT" });
        return { refused: new Refused(), list: [missing], here: JSON.stringify(missing) };
      `,
    },
    '{"refused":"Error: refused","list":["Error: missing"],"here":"{\\"code\\":\\"ENOENT\\"}"}',
    ONLY_JAVASCRIPT,
  ),
  stored(
    "what contains itself and has a toJSON, beside null",
    {
      javascript: source`
        const error = Object.assign(new Error("e"), { toJSON: () => ({ code: 5, sub: { at: null } }) });
        Object.assign(error, { error, list: [error] });
        return { a: null, error, map: new Map([[1, error]]) };
      `,
    },
    '{"a":null,"error":{"code":5,"sub":{"at":null}},"map":{"1":{"code":5,"sub":{"at":null}}}}',
    ONLY_JAVASCRIPT,
  ),
  {
    name: "a long list is stored beside null",
    handler: {
      python: "def handler(input, context):\n    return {'a': [1] * 200_000, 'b': None}\n",
      javascript: source`
        export function handler(input, context) {
          return { a: Array(200_000).fill(1), b: null };
        }
      `,
    },
    async run({ worker }) {
      expect((await worker.call()).outputText).toHaveLength(400_016);
    },
  },
  {
    name: "what is no finite number is told wherever a toJSON, a map or a set has put it",
    handler: {
      javascript: source`
        export function handler(input, context) {
          const given = { toJSON: (key) => ({ [key]: [NaN, null] }) };
          return { given, map: new Map([[1, new Set([0, Infinity])]]), n: new Float64Array([NaN]) };
        }
      `,
    },
    because: ONLY_JAVASCRIPT,
    async run({ worker }) {
      const { head, outputText } = await worker.call();
      expect(outputText).toBe('{"given":{"given":[null,null]},"map":{"1":[0,null]},"n":[null]}');
      expect(head).toEqual({ notFinite: ["given.given[0]", "map.1[1]", "n[0]"] });
    },
  },
  {
    name: "what is no finite number becomes null, and its path is told",
    handler: {
      python: source`
        import math
        def handler(input, context):
            return {"a": {"b": [1.5, math.nan]}, "c": -math.inf, "d": None, "null": "null", "s": [{"t": math.inf}]}
      `,
      javascript: source`
        export function handler(input, context) {
          return { a: { b: [1.5, NaN] }, c: -Infinity, d: null, null: "null", s: [{ t: Infinity }] };
        }
      `,
    },
    async run({ worker }) {
      const { outcome, head, outputText } = await worker.call();
      expect(outcome).toBe("ok");
      expect(JSON.parse(outputText)).toEqual({
        a: { b: [1.5, null] },
        c: null,
        d: null,
        null: "null",
        s: [{ t: null }],
      });
      expect(head).toEqual({ notFinite: ["a.b[1]", "c", "s[0].t"] });
    },
  },
  {
    name: "of many paths that became null the first hundred are told",
    handler: {
      python: "def handler(input, context):\n    return {'a': [float('nan')] * 1000}\n",
      javascript: "export function handler(input, context) {\n  return { a: Array(1000).fill(NaN) };\n}\n",
    },
    async run({ worker }) {
      const { head } = await worker.call();
      expect(head.notFinite).toEqual(Array.from({ length: 100 }, (_, index) => `a[${index}]`));
    },
  },
];
