import { statSync, utimesSync } from "node:fs";
import { expect } from "vitest";
import { type ConformanceCase, of, source } from "../case.ts";

const NAMES = [
  "host",
  "port",
  "input_key",
  "output_key",
  "function_getmtime",
  "last_execution",
  "shard",
  "topic",
  "partition",
  "first_key",
];

const SHOW = {
  python: source`
    def handler(input, context):
        shown = {name: getattr(context, name, "none") for name in input["names"]}
        return shown | {"kind": type(context.last_execution).__name__}
  `,
  javascript: source`
    export function handler(input, context) {
      const shown = Object.fromEntries(input.names.map((name) => [name, context[name] ?? null]));
      return { ...shown, kind: context.last_execution?.constructor.name ?? "null" };
    }
  `,
  typescript: source`
    export function handler(input: any, context: any): unknown {
      const shown = Object.fromEntries(input.names.map((name: string) => [name, context[name] ?? null]));
      return { ...shown, kind: context.last_execution?.constructor.name ?? "null" };
    }
  `,
};

/** Tries to do what the event says, and tells what it heard. */
const TRY = {
  python: source`
    def handler(input, context):
        value = {"dict": {}, "list": [], "none": None}[input.get("value", "none")]
        try:
            setattr(context, input["name"], value)
        except Exception as error:
            return {"error": type(error).__name__, "message": str(error)}
        return {"error": None}
  `,
  javascript: source`
    export function handler(input, context) {
      const value = { dict: {}, list: [], none: null }[input.value ?? "none"];
      try {
        context[input.name] = value;
      } catch (error) {
        return { error: error.name, message: error.message };
      }
      return { error: null };
    }
  `,
  typescript: source`
    export function handler(input: any, context: any): unknown {
      const values: Record<string, unknown> = { dict: {}, list: [], none: null };
      try {
        context[input.name] = values[input.value ?? "none"];
      } catch (error) {
        return { error: (error as Error).name, message: (error as Error).message };
      }
      return { error: null };
    }
  `,
};

export const CONTEXT: readonly ConformanceCase[] = [
  {
    name: "its fields say where the event and the output are, and what was loaded",
    handler: SHOW,
    isLoaded: false,
    async run({ worker, file, language }) {
      const changed = new Date(2026, 6, 1, 12, 34, 56);
      utimesSync(file, changed, changed);
      expect(statSync(file).mtime).toEqual(changed);
      await worker.load("loaded");
      await worker.restore({ shard: 5, name: "node-1", outputKey: "usage:node-1" });
      const names = ["host", "port", "input_key", "output_key", "function_getmtime", "last_execution"];
      expect(await worker.output({ names }, { shard: 5 })).toEqual({
        host: "redis.example",
        port: 6380,
        input_key: "metrics",
        output_key: "usage:node-1",
        function_getmtime: "2026-07-01 12:34:56",
        last_execution: null,
        kind: of({ python: "NoneType", javascript: "null" }, language),
      });
    },
  },
  {
    name: "the time of the last execution is the language's own",
    handler: SHOW,
    async run({ worker, language }) {
      const last = new Date(2026, 6, 1, 12, 34, 56, 250);
      const shown = await worker.output({ names: ["last_execution"] }, { lastExecution: last.getTime() });
      expect(shown).toEqual(
        of<object>(
          {
            python: { kind: "datetime", last_execution: "2026-07-01T12:34:56.250000" },
            javascript: { kind: "Date", last_execution: last.toISOString() },
          },
          language,
        ),
      );
      expect(await worker.output({ names: ["last_execution"] }, { lastExecution: 0 })).not.toMatchObject({
        last_execution: null,
      });
    },
  },
  {
    name: "an event's own fields are there under Python's names, and only for that event",
    handler: SHOW,
    async run({ worker, language }) {
      const names = ["input_key", "topic", "partition", "first_key"];
      const none = of<unknown>({ python: "none", javascript: null }, language);
      const head = { inputKey: "in", topic: "orders", partition: 0, firstKey: [1] };
      const withFields = { input_key: "in", topic: "orders", partition: 0, first_key: [1] };
      for (let time = 0; time < 2; time += 1) {
        expect(await worker.output({ names }, { head })).toMatchObject(withFields);
        expect(await worker.output({ names }, { head: {} })).toMatchObject({
          input_key: null,
          topic: none,
          partition: none,
          first_key: none,
        });
        expect(await worker.output({ names }, { head: { inputKey: null, topic: "x" } })).toMatchObject({
          input_key: null,
          topic: "x",
          partition: none,
        });
      }
    },
  },
  {
    name: "each shard has its own fields",
    handler: SHOW,
    async run({ worker }) {
      await worker.restore({ shard: 1, name: "a", outputKey: "usage:a" });
      await worker.restore({ shard: 2, name: "b", outputKey: "usage:b" });
      const names = ["output_key"];
      expect(await worker.output({ names }, { shard: 1 })).toMatchObject({ output_key: "usage:a" });
      expect(await worker.output({ names }, { shard: 2 })).toMatchObject({ output_key: "usage:b" });
      expect(await worker.output({ names }, { shard: 1 })).toMatchObject({ output_key: "usage:a" });
      expect(await worker.output({ names }, { shard: 0 })).toMatchObject({ output_key: "usage" });
    },
  },
  {
    name: "its fields cannot be set, and the error names them",
    handler: TRY,
    async run({ worker, language }) {
      const error = of({ python: "AttributeError", javascript: "TypeError" }, language);
      const head = { inputKey: "metrics", topic: "orders", partition: 1, firstKey: 2 };
      for (const name of NAMES) {
        expect(await worker.output({ name }, { head })).toEqual({
          error,
          message: `context.${name} is read-only`,
        });
      }
    },
  },
  {
    name: "it takes no further fields, and says where to keep values",
    handler: TRY,
    async run({ worker, language }) {
      expect(await worker.output({ name: "counter" })).toEqual({
        error: of({ python: "AttributeError", javascript: "TypeError" }, language),
        message: "context has no field 'counter' to set; keep values of your own in context.env['counter']",
      });
    },
  },
  {
    name: "code that is not strict hears of fields that cannot be set too",
    handler: { javascript: "" },
    because: "only JavaScript has code that is not strict",
    isLoaded: false,
    async run({ worker, write }) {
      write("sloppy.cjs", TRY.javascript.replace("export function handler", "exports.handler = function"));
      await worker.load("loaded", { handler: "sloppy.handler" });
      await worker.restore();
      expect(await worker.output({ name: "port" })).toMatchObject({ message: "context.port is read-only" });
      expect(await worker.output({ name: "counter" })).toMatchObject({ error: "TypeError" });
    },
  },
  {
    name: "its env can be replaced by another dictionary and by nothing else",
    handler: TRY,
    async run({ worker }) {
      expect(await worker.output({ name: "env", value: "dict" })).toEqual({ error: null });
      for (const value of ["list", "none"]) {
        expect(await worker.output({ name: "env", value })).toMatchObject({
          error: "TypeError",
          message: expect.stringMatching(/^context\.env must be an? (?:dict|object), not /),
        });
      }
    },
  },
  {
    name: "it can be printed",
    handler: {
      python: "def handler(input, context):\n    context.env['a'] = 1\n    return {'shown': repr(context)}\n",
      javascript: source`
        import { inspect } from "node:util";
        export function handler(input, context) {
          context.env.a = 1;
          return { shown: inspect(context) };
        }
      `,
    },
    async run({ worker }) {
      const { shown } = (await worker.output()) as { shown: string };
      expect(shown).toMatch("redis.example");
      expect(shown).toMatch("6380");
      expect(shown).toMatch("env");
    },
  },
];
