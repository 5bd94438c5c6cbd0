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
  "offset",
  "key",
  "timestamp",
  "attempt",
  "event_id",
  "headers",
  "events",
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
    name: "an event's own fields are there, and only for that event",
    handler: SHOW,
    async run({ worker }) {
      const names = NAMES.slice(NAMES.indexOf("topic"));
      const none = { topic: null, partition: null, offset: null, key: null, timestamp: null };
      const nothing = { ...none, attempt: 1, event_id: null, headers: {}, events: null };
      const head = { topic: "orders", partition: 3, offset: 17, timestamp: 1764000000000 };
      const more = { key: "k", headers: { a: "ü" }, eventId: "x>f", attempt: 2 };
      for (let time = 0; time < 2; time += 1) {
        expect(await worker.output({ names }, { head })).toMatchObject({
          ...nothing,
          ...head,
          event_id: "orders/3/17",
        });
        expect(await worker.output({ names }, { head: {} })).toMatchObject(nothing);
        const { eventId, ...shown } = more;
        expect(await worker.output({ names }, { head: { ...head, ...more } })).toMatchObject({
          ...head,
          ...shown,
          event_id: eventId,
        });
        const stream = { topic: "orders", partition: 0, offset: "17-0", timestamp: 17 };
        expect(await worker.output({ names }, { head: stream })).toMatchObject({
          offset: "17-0",
          event_id: "orders/0/17-0",
        });
        expect(await worker.output({ names: ["input_key"] }, { head: { inputKey: "in" } })).toMatchObject({
          input_key: "in",
        });
        expect(await worker.output({ names: ["input_key"] }, { head: {} })).toMatchObject({
          input_key: null,
        });
      }
    },
  },
  {
    name: "what a handler does to headers and events is not seen by the next call",
    handler: {
      python: source`
        def handler(input, context):
            context.headers["mine"] = "1"
            if context.events:
                context.events[0]["headers"]["mine"] = "1"
                context.events.append(1)
            return {"headers": context.headers, "events": context.events}
      `,
      javascript: source`
        export function handler(input, context) {
          try { context.headers.mine = "1"; } catch {}
          try { context.events[0].headers.mine = "1"; } catch {}
          try { context.events.push(1); } catch {}
          return { headers: context.headers, events: context.events };
        }
      `,
      typescript: source`
        export function handler(input: any, context: any): unknown {
          try { context.headers.mine = "1"; } catch {}
          try { context.events[0].headers.mine = "1"; } catch {}
          try { context.events.push(1); } catch {}
          return { headers: context.headers, events: context.events };
        }
      `,
    },
    async run({ worker }) {
      const events = [{ offset: 6, timestamp: 2, headers: { h: "v" }, eventId: "own" }];
      const head = { topic: "t", partition: 1, offset: 6, timestamp: 2, headers: { h: "v" }, events };
      for (let time = 0; time < 2; time += 1) {
        expect(await worker.output({}, { head: {} })).toEqual({ headers: {}, events: null });
        expect(await worker.output([{}], { head, isList: true })).toEqual({
          headers: { h: "v" },
          events: [{ offset: 6, timestamp: 2, key: null, headers: { h: "v" }, event_id: "own" }],
        });
      }
    },
  },
  {
    name: "a list of events is given as a list, and says of each where it stands",
    handler: {
      python: source`
        def handler(input, context):
            if isinstance(input, dict):
                return {"one": input, "events": context.events}
            return {"all": input, "events": context.events, "id": context.event_id}
      `,
      javascript: source`
        export function handler(input, context) {
          if (!Array.isArray(input)) return { one: input, events: context.events };
          return { all: input, events: context.events, id: context.event_id };
        }
      `,
      typescript: source`
        export function handler(input: any, context: any): unknown {
          if (!Array.isArray(input)) return { one: input, events: context.events };
          return { all: input, events: context.events, id: context.event_id };
        }
      `,
    },
    async run({ worker }) {
      const events = [
        { offset: 5, timestamp: 1 },
        { offset: 6, timestamp: 2, key: "k", headers: { h: "v" }, eventId: "own" },
      ];
      const head = { topic: "t", partition: 1, offset: 6, timestamp: 2, events };
      expect(await worker.output([{ a: 1 }, { a: 2 }], { head, isList: true })).toEqual({
        all: [{ a: 1 }, { a: 2 }],
        events: [
          { offset: 5, timestamp: 1, key: null, headers: {}, event_id: "t/1/5" },
          { offset: 6, timestamp: 2, key: "k", headers: { h: "v" }, event_id: "own" },
        ],
        id: "t/1/6",
      });
      expect(await worker.output({ a: 1 }, { head: {} })).toEqual({ one: { a: 1 }, events: null });
      for (const [event, message] of [
        [{ a: 1 }, /^the input is an? (?:value of type dict|object); a list of JSON objects was expected$/],
        [
          [{ a: 1 }, 2],
          /^event 1 of the list is an? (?:value of type int|number); a JSON object was expected$/,
        ],
        ["[{}, ", /^the input is not JSON: /],
      ] as const) {
        const body = typeof event === "string" ? Buffer.from(event) : event;
        expect(await worker.call(body, { head, isList: true })).toMatchObject({
          outcome: "rejected",
          head: { message: expect.stringMatching(message) },
        });
      }
      expect(await worker.call([{}], { head: {} })).toMatchObject({ outcome: "rejected" });
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
      const head = { inputKey: "metrics", topic: "orders", partition: 1, offset: 2, timestamp: 3 };
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
