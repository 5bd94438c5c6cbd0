import { expect } from "vitest";
import { type ConformanceCase, of, source } from "../case.ts";

const COUNT = {
  python: source`
    def handler(input, context):
        if input.get("wrong"): return [1]
        context.env["calls"] = context.env.get("calls", 0) + 1
        if input.get("fail"): raise ValueError
        return {"calls": context.env["calls"]}
  `,
  javascript: source`
    export function handler(input, context) {
      if (input.wrong) return [1];
      context.env.calls = (context.env.calls ?? 0) + 1;
      if (input.fail) throw new Error();
      return { calls: context.env.calls };
    }
  `,
};

/** Does to env what the event says. */
const SET = {
  python: source`
    import threading
    class Own: pass
    def handler(input, context):
        kind = input.get("kind")
        if kind == "function": context.env["bad"] = lambda: 1
        if kind == "nested": context.env["bad"] = {"a": [1, {"b": threading.Lock()}]}
        if kind == "large": context.env["large"] = "x" * 3_000_000
        if kind == "good": context.env = {"good": 1}
        return {"keys": sorted(context.env)}
  `,
  javascript: source`
    class Own {}
    export function handler(input, context) {
      const { kind } = input;
      if (kind === "function") context.env.bad = () => 1;
      if (kind === "nested") context.env.bad = { a: [1, new Map([["b", new Set([new Own()])]])] };
      if (kind === "large") context.env.large = "x".repeat(3_000_000);
      if (kind === "good") context.env = { good: 1 };
      return { keys: Object.keys(context.env).sort() };
    }
  `,
};

export const ENV: readonly ConformanceCase[] = [
  {
    name: "it is kept from call to call, and saved unasked after the last",
    handler: COUNT,
    async run({ worker, another }) {
      for (let calls = 1; calls <= 3; calls += 1) {
        expect(await worker.output()).toEqual({ calls });
        expect(await worker.saved()).toMatchObject({ shard: 0, id: calls, problem: null, unchanged: false });
      }
      await worker.output();
      const { body } = await worker.saved();
      const second = another();
      await second.load("loaded");
      expect(await second.restore({}, body)).toBeNull();
      expect(await second.output()).toEqual({ calls: 5 });
    },
  },
  {
    name: "under load it is saved too, and at the end what is saved holds the last call",
    handler: COUNT,
    async run({ worker, another }) {
      const times = 3_000;
      worker.requests.write(Buffer.concat(Array.from({ length: times }, () => worker.callBytes({}))));
      for (let id = 1; id <= times; id += 1) {
        expect(await worker.result()).toMatchObject({ id, outcome: "ok", outputText: `{"calls":${id}}` });
      }
      const { body, id } = await worker.saved();
      expect(id).toBe(times);
      const second = another();
      await second.load("loaded");
      await second.restore({}, body);
      expect(await second.output()).toEqual({ calls: times + 1 });
    },
  },
  {
    name: "it is the same live object, which may hold anything",
    handler: {
      python: source`
        import threading
        def handler(input, context):
            lock = context.env.setdefault("lock", threading.Lock())
            known = context.env.setdefault("known", (id(lock), id(context.env)))
            return {"same": known == (id(lock), id(context.env))}
      `,
      javascript: source`
        let known;
        export function handler(input, context) {
          context.env.lock ??= () => 1;
          known ??= [context.env.lock, context.env];
          return { same: known[0] === context.env.lock && known[1] === context.env };
        }
      `,
      typescript: source`
        let known: unknown[] | undefined;
        export function handler(input: object, context: { env: Record<string, unknown> }): object {
          context.env.lock ??= () => 1;
          known ??= [context.env.lock, context.env];
          return { same: known[0] === context.env.lock && known[1] === context.env };
        }
      `,
    },
    async run({ worker }) {
      for (let time = 0; time < 2; time += 1) expect(await worker.output()).toEqual({ same: true });
    },
  },
  {
    name: "what cannot be saved is told with the name of its entry, and the call is still good",
    handler: SET,
    async run({ worker }) {
      for (const kind of ["function", "nested"]) {
        expect(await worker.output({ kind })).toEqual({ keys: ["bad"] });
        const saved = await worker.saved();
        expect(saved).toMatchObject({ unchanged: false, body: Buffer.alloc(0) });
        expect(saved.problem).toMatch(/^context\.env\['bad'\] cannot be saved: .* cannot be saved/);
      }
      await worker.output({ kind: "good" });
      expect(await worker.saved()).toMatchObject({ problem: null, unchanged: false });
    },
  },
  {
    name: "what raises while it is saved is told, and ends nothing",
    handler: {
      python: source`
        class Raising(dict):
            def __repr__(self): raise SystemExit(3)
            items = __reduce_ex__ = __repr__
        def handler(input, context):
            context.env = Raising(bad=Raising())
            return {"is": "there"}
      `,
      javascript: source`
        export function handler(input, context) {
          const get = () => { throw input.thrown; };
          Object.defineProperty(context.env, "bad", { get, enumerable: true, configurable: true });
          return { is: "there" };
        }
      `,
    },
    async run({ worker }) {
      for (const thrown of ["text", null]) {
        expect(await worker.output({ thrown })).toEqual({ is: "there" });
        expect((await worker.saved()).problem).toMatch(/cannot be saved: /);
        expect((await worker.snapshot()).problem).toMatch(/cannot be saved: /);
      }
    },
  },
  {
    name: "what is beyond the limit is not saved, and told",
    handler: SET,
    async run({ worker }) {
      await worker.output({ kind: "large" });
      const { problem, body } = await worker.saved();
      expect(problem).toMatch(
        /^env is 3,000,\d\d\d bytes when saved, more than the limit of 1,048,576; keep less in it or raise limits\.env$/,
      );
      expect(body).toHaveLength(0);
    },
  },
  {
    name: "bytes that are those of the last time are not sent again",
    handler: SET,
    async run({ worker }) {
      await worker.output({ kind: "good" });
      const first = await worker.saved();
      expect(first).toMatchObject({ unchanged: false, problem: null });
      expect(first.body.length).toBeGreaterThan(0);
      await worker.output({});
      expect(await worker.saved()).toMatchObject({
        id: 2,
        unchanged: true,
        problem: null,
        body: Buffer.alloc(0),
      });
      await worker.output({ kind: "function" });
      await worker.saved();
      await worker.output({ kind: "good" });
      const last = await worker.saved();
      expect(last).toMatchObject({ id: 4, unchanged: false });
      expect(last.body.equals(first.body)).toBe(true);
    },
  },
  {
    name: "each shard has one of its own",
    handler: COUNT,
    async run({ worker }) {
      for (const shard of [1, 2]) await worker.restore({ shard, name: String(shard) });
      const calls: unknown[] = [];
      for (const shard of [1, 2, 1, 0, 1, 2]) calls.push(await worker.output({}, { shard }));
      expect(calls).toEqual([1, 1, 2, 1, 3, 2].map((each) => ({ calls: each })));
    },
  },
  {
    name: "each shard that had calls is saved, with its own last call",
    handler: COUNT,
    async run({ worker, another }) {
      for (const shard of [1, 2]) await worker.restore({ shard, name: String(shard) });
      const last = new Map<number, number>();
      const calls = [1, 2, 1, 2, 2].map((shard, index) => {
        last.set(shard, index + 1);
        return worker.callBytes({}, { shard });
      });
      worker.requests.write(Buffer.concat(calls));
      for (const _ of calls) await worker.result();
      const saved = new Map<number, Buffer>();
      while (saved.size < 2) {
        const each = await worker.saved(0);
        if (each.id === last.get(each.shard)) saved.set(each.shard, each.body);
      }
      const second = another();
      await second.load("loaded");
      await second.restore({ shard: 7 }, saved.get(1));
      await second.restore({ shard: 8 }, saved.get(2));
      expect(await second.output({}, { shard: 7 })).toEqual({ calls: 3 });
      expect(await second.output({}, { shard: 8 })).toEqual({ calls: 4 });
    },
  },
  {
    name: "a shard that keeps none has an empty one for each call, which is not saved",
    handler: COUNT,
    async run({ worker }) {
      await worker.restore({ shard: 1, keepEnv: false });
      for (let time = 0; time < 3; time += 1) {
        expect(await worker.output({}, { shard: 1 })).toEqual({ calls: 1 });
      }
      // Were the other one saved, then before this one.
      await worker.output({}, { shard: 0 });
      expect(await worker.saved(0)).toMatchObject({ shard: 0, id: 4 });
    },
  },
  {
    name: "to replace it is to change it",
    handler: {
      python: source`
        def handler(input, context):
            context.env = {"calls": context.env.get("calls", 0) + 1}
            return context.env
      `,
      javascript: source`
        export function handler(input, context) {
          context.env = { calls: (context.env.calls ?? 0) + 1 };
          return context.env;
        }
      `,
    },
    async run({ worker, another }) {
      expect(await worker.output()).toEqual({ calls: 1 });
      expect(await worker.output()).toEqual({ calls: 2 });
      const { body } = await worker.saved();
      const second = another();
      await second.load("loaded");
      await second.restore({}, body);
      expect(await second.output()).toEqual({ calls: 3 });
    },
  },
  {
    name: "a call that fails keeps what it changed, and is saved with the next that succeeds",
    handler: COUNT,
    async run({ worker }) {
      expect((await worker.call({ fail: true })).outcome).toBe("error");
      expect((await worker.call({ fail: true })).outcome).toBe("error");
      expect(await worker.output()).toEqual({ calls: 3 });
      // The first that was saved at all.
      expect(await worker.saved(0)).toMatchObject({ id: 3 });
    },
  },
  {
    name: "after a call that fails nothing is saved by itself",
    handler: COUNT,
    async run({ worker }) {
      await worker.restore({ shard: 1 });
      await worker.call({ fail: true });
      await worker.call({ wrong: true });
      await worker.call(Buffer.from("no input"));
      await worker.output({}, { shard: 1 });
      expect(await worker.saved(0)).toMatchObject({ shard: 1, id: 4 });
    },
  },
  {
    name: "it comes back with the types of its language",
    handler: {
      python: source`
        import collections, datetime, decimal
        class Own:
            value = 1
        def handler(input, context):
            env = context.env
            shown = {str(key): repr(value) for key, value in env.items() if key != "own"}
            env.setdefault("window", collections.deque(maxlen=2)).append((datetime.datetime(2026, 11, 21), 1.5))
            env[7] = {1: decimal.Decimal("1.50")}
            env.setdefault("own", Own()).value += 1
            return {"shown": shown, "own": env["own"].value}
      `,
      javascript: source`
        import { inspect } from "node:util";
        export function handler(input, context) {
          const { env } = context;
          const shown = inspect(env, { depth: 9, breakLength: Infinity, sorted: true });
          env.day = new Date(Date.UTC(2026, 10, 21));
          env.map = new Map([[1, new Set(["a"])]]);
          env.big = 2n ** 70n;
          env.numbers = new Float64Array([1.5, NaN]);
          env.bytes = Buffer.from("abc");
          env.gone = undefined;
          env.nothing = [NaN, -0, , null];
          env.self = env;
          env.pattern = /a/g;
          env.error = new RangeError("kept").message;
          return { shown };
        }
      `,
      typescript: source`
        import { inspect } from "node:util";
        export function handler(input: object, context: { env: Record<string, unknown> }): object {
          const { env } = context;
          const shown = inspect(env, { depth: 9, breakLength: Infinity, sorted: true });
          Object.assign(env, { day: new Date(Date.UTC(2026, 10, 21)), map: new Map([[1, new Set(["a"])]]) });
          return { shown };
        }
      `,
    },
    async run({ worker, another, language }) {
      await worker.output();
      const { body } = await worker.saved();
      expect((await worker.snapshot()).body.equals(body)).toBe(true);
      const second = another();
      await second.load("loaded");
      expect(await second.restore({}, body)).toBeNull();
      const point = "(datetime.datetime(2026, 11, 21, 0, 0), 1.5)";
      const both = "day: 2026-11-21T00:00:00.000Z";
      const map = "map: Map(1) { 1 => Set(1) { 'a' } }";
      const expected = {
        python: { shown: { window: `deque([${point}], maxlen=2)`, "7": "{1: Decimal('1.50')}" }, own: 3 },
        javascript: {
          shown:
            "<ref *1> { big: 1180591620717411303424n, bytes: <Buffer 61 62 63>, " +
            `${both}, error: 'kept', gone: undefined, ${map}, nothing: [ NaN, -0, <1 empty item>, null ], ` +
            "numbers: Float64Array(2) [ 1.5, NaN ], pattern: /a/g, self: [Circular *1] }",
        },
        typescript: { shown: `{ ${both}, ${map} }` },
      };
      expect(await second.output()).toEqual(of<object>(expected, language));
      // The bytes that came are not the memory that env lives in.
      expect((await second.snapshot()).problem).toBeNull();
    },
  },
  {
    name: "a snapshot is what it is now",
    handler: COUNT,
    async run({ worker, another }) {
      const empty = await worker.snapshot();
      expect(empty.problem).toBeNull();
      await worker.call({ fail: true });
      const { problem, body } = await worker.snapshot();
      expect(problem).toBeNull();
      const second = another();
      await second.load("loaded");
      await second.restore({}, body);
      expect(await second.output()).toEqual({ calls: 2 });
      await second.restore({}, empty.body);
      expect(await second.output()).toEqual({ calls: 1 });
    },
  },
  {
    name: "a snapshot of what cannot be saved says why",
    handler: SET,
    async run({ worker }) {
      await worker.output({ kind: "function" });
      const { problem, body } = await worker.snapshot();
      expect(problem).toMatch(/^context\.env\['bad'\] cannot be saved: .* cannot be saved/);
      expect(body).toHaveLength(0);
    },
  },
  {
    name: "to restore nothing is to begin anew, for this shard alone",
    handler: COUNT,
    async run({ worker }) {
      await worker.restore({ shard: 1 });
      await worker.output({}, { shard: 1 });
      await worker.output();
      expect(await worker.restore()).toBeNull();
      expect(await worker.output()).toEqual({ calls: 1 });
      expect(await worker.output({}, { shard: 1 })).toEqual({ calls: 2 });
    },
  },
  {
    name: "bytes that nobody saved are told, and the shard begins with an empty one",
    handler: COUNT,
    async run({ worker }) {
      await worker.output();
      const { body } = await worker.saved();
      const ofPython = Buffer.from("80057d942e", "hex");
      const ofJavascript = Buffer.from("ff0f6f7b00", "hex");
      const hostile = [
        body.subarray(0, body.length - 1),
        Buffer.from("{}"),
        Buffer.from([0]),
        Buffer.alloc(1000, 0xff),
        // An array of 4,294,967,295 numbers, and a buffer of as many bytes.
        Buffer.from("ff0f41ffffffff0f", "hex"),
        Buffer.from("ff0f5c06ffffffff0f", "hex"),
        worker.process.spawnargs.includes("gaugelet_worker") ? ofJavascript : ofPython,
      ];
      for (const bytes of hostile) {
        expect(await worker.restore({}, bytes)).toMatch(/^the saved env (?:cannot be read: |is )/);
        expect(await worker.output()).toEqual({ calls: 1 });
      }
      expect(await worker.restore({}, body)).toBeNull();
      expect(await worker.output()).toEqual({ calls: 2 });
    },
  },
  {
    name: "what was saved must be a dictionary",
    handler: COUNT,
    async run({ worker, language }) {
      const list = Buffer.from(
        of({ python: "80055d942e", javascript: "ff0f4100240000" }, language) ?? "",
        "hex",
      );
      expect(await worker.restore({}, list)).toMatch(
        /^the saved env is (?:of type list, not a dict|an array, not an object)$/,
      );
      expect(await worker.output()).toEqual({ calls: 1 });
    },
  },
  {
    name: "what an awaited call has changed so far is not saved before it is done",
    handler: {
      javascript: source`
        import { setTimeout as sleep } from "node:timers/promises";
        export async function handler(input, context) {
          context.env.half = input.n;
          if (input.slow) await sleep(30);
          context.env.whole = input.n;
          return { ...context.env };
        }
      `,
    },
    because: "Python's handlers are not awaited",
    async run({ worker, another }) {
      worker.requests.write(
        Buffer.concat([worker.callBytes({ n: 1 }), worker.callBytes({ n: 2, slow: true })]),
      );
      await worker.result();
      await worker.result();
      const second = another();
      await second.load("loaded");
      for (let id = 0; id < 2; ) {
        const saved = await worker.saved(id + 1);
        id = saved.id;
        await second.restore({}, saved.body);
        expect(await second.output({ n: 9 })).toEqual({ half: 9, whole: 9 });
        await second.restore({}, saved.body);
        const { body } = await second.snapshot();
        expect(body.equals(saved.body)).toBe(true);
      }
    },
  },
];
