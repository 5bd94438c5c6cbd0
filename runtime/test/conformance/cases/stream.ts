import { readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { encodeStart, PlainFrame } from "../../../src/workers/frames.ts";
import { type Frame, FrameType } from "../../../src/workers/protocol.ts";
import { type ConformanceCase, source } from "../case.ts";

interface MalformedFixture {
  readonly name: string;
  readonly hex: string;
}

const MALFORMED = JSON.parse(
  readFileSync(new URL("../../../testdata/malformed-frames.json", import.meta.url), "utf8"),
) as readonly MalformedFixture[];

const ECHO = {
  python: "def handler(input, context):\n    return {'got': input}\n",
  javascript: "export function handler(input, context) {\n  return { got: input };\n}\n",
};

/** Waits for a file, where the event names one; without giving up the thread, as a computation would. */
const WAIT = {
  python: source`
    import os, time
    def handler(input, context):
        time.sleep(input.get("sleep", 0))
        while "file" in input and not os.path.exists(input["file"]): time.sleep(0.001)
        return {"n": input["n"]}
  `,
  javascript: source`
    import { existsSync } from "node:fs";
    const clock = new Int32Array(new SharedArrayBuffer(4));
    const sleep = (seconds) => Atomics.wait(clock, 0, 0, seconds * 1000);
    export function handler(input, context) {
      sleep(input.sleep ?? 0);
      while (input.file !== undefined && !existsSync(input.file)) sleep(0.001);
      return { n: input.n };
    }
  `,
  typescript: source`
    import { existsSync } from "node:fs";
    const clock = new Int32Array(new SharedArrayBuffer(4));
    const sleep = (seconds: number) => Atomics.wait(clock, 0, 0, seconds * 1000);
    export function handler(input: any, context: object): object {
      sleep(input.sleep ?? 0);
      while (input.file !== undefined && !existsSync(input.file)) sleep(0.001);
      return { n: input.n };
    }
  `,
};

/** Bytes after which the worker ends with an error. */
function ends(name: string, bytes: Buffer): ConformanceCase {
  return {
    name: `the worker ends with an error and tells it: ${name}`,
    handler: ECHO,
    isLoaded: false,
    async run({ worker }) {
      worker.requests.write(bytes);
      expect(await worker.answer(FrameType.loaded)).toBeUndefined();
      const { code, stderr } = await worker.ended();
      expect(code).toBe(1);
      expect(stderr).toMatch(/Error/);
    },
  };
}

export const STREAM: readonly ConformanceCase[] = [
  {
    name: "calls may be asked at once, and are answered in their order",
    handler: ECHO,
    async run({ worker }) {
      const calls = Array.from({ length: 500 }, (_, n) => worker.callBytes({ n }));
      worker.requests.write(Buffer.concat(calls));
      for (let n = 0; n < 500; n += 1) {
        expect(await worker.result()).toMatchObject({ id: n + 1, outputText: `{"got":{"n":${n}}}` });
      }
    },
  },
  {
    name: "calls may be cut anywhere",
    handler: ECHO,
    async run({ worker }) {
      const calls = Buffer.concat(
        Array.from({ length: 20 }, (_, n) => worker.callBytes({ n, text: "größe" })),
      );
      for (let start = 0; start < calls.length; start += 7) {
        worker.requests.write(calls.subarray(start, start + 7));
        if (start % 5 === 0) await sleep(1);
      }
      for (let n = 0; n < 20; n += 1) {
        expect(await worker.result()).toMatchObject({
          id: n + 1,
          outputText: `{"got":{"n":${n},"text":"größe"}}`,
        });
      }
    },
  },
  {
    name: "all kinds of messages may be asked at once",
    handler: ECHO,
    async run({ worker }) {
      const restore = { name: "", outputKey: "", keepEnv: true };
      worker.send(FrameType.restore, { ...restore, shard: 3 });
      worker.sendCall({ n: 1 }, { shard: 3 });
      worker.sendCall(Buffer.from("[]"), { shard: 3 });
      worker.send(FrameType.snapshot, { shard: 3 });
      worker.sendCall({ n: 2 }, { shard: 3 });
      await worker.answer(FrameType.restored);
      expect(await worker.result()).toMatchObject({ id: 1, outcome: "ok" });
      expect(await worker.result()).toMatchObject({ id: 2, outcome: "rejected" });
      await worker.answer(FrameType.snapshotted);
      expect(await worker.result()).toMatchObject({ id: 3, outcome: "ok" });
    },
  },
  {
    name: "a field of a head that it does not know is nothing to it",
    handler: ECHO,
    async run({ worker }) {
      const head = { shard: 4, name: "", outputKey: "", keepEnv: true, later: [1, { a: 2 }] };
      const { head: answer } = await worker.ask(FrameType.restore, head, Buffer.alloc(0), FrameType.restored);
      expect(answer).toEqual({ problem: null });
      expect(await worker.output({ n: 1 }, { shard: 4 })).toEqual({ got: { n: 1 } });
    },
  },
  {
    name: "a large event and a large output go through, between small ones",
    handler: ECHO,
    isLoaded: false,
    async run({ worker }) {
      await worker.load("loaded", { limits: { output: 20_000_000, env: 1000, cpu: null, memory: null } });
      await worker.restore();
      const text = "0123456789".repeat(500_000);
      for (const event of [{ n: 1 }, { text }, { n: 2 }, { text }, { n: 3 }]) worker.sendCall(event);
      const lengths: number[] = [];
      for (let n = 0; n < 5; n += 1) lengths.push((await worker.result())?.outputText.length ?? 0);
      expect(lengths).toEqual([15, 5_000_019, 15, 5_000_019, 15]);
    },
  },
  {
    name: "answers that nobody reads for a while are not lost",
    handler: ECHO,
    async run({ worker }) {
      worker.answers.pause();
      const text = "x".repeat(1000);
      const times = 3000;
      worker.requests.write(
        Buffer.concat(Array.from({ length: times }, (_, n) => worker.callBytes({ n, text }))),
      );
      await sleep(300);
      worker.answers.resume();
      for (let n = 0; n < times; n += 1) {
        expect(await worker.result()).toMatchObject({ id: n + 1, outcome: "ok" });
      }
      expect(await worker.output({ n: 0 })).toEqual({ got: { n: 0 } });
    },
  },
  {
    name: "results of a few calls do not wait for a long one after them",
    notInMachines: "its files come with the machine",
    handler: WAIT,
    async run({ worker }) {
      const file = `${worker.folder}/go`;
      const calls = [{ n: 1 }, { n: 2 }, { n: 3, file }].map((event) => worker.callBytes(event));
      worker.requests.write(Buffer.concat(calls));
      expect(await worker.result()).toMatchObject({ id: 1 });
      expect(await worker.result()).toMatchObject({ id: 2 });
      writeFileSync(file, "");
      expect(await worker.result()).toMatchObject({ id: 3 });
    },
  },
  {
    name: "of many calls too, a result that took its time does not wait for a long one after it",
    notInMachines: "its files come with the machine",
    handler: WAIT,
    async run({ worker }) {
      const file = `${worker.folder}/go`;
      const more = Array.from({ length: 50 }, (_, index) => ({ n: 3 + index, file }));
      const calls = [{ n: 1, sleep: 0.01 }, { n: 2 }, ...more].map((event) => worker.callBytes(event));
      worker.requests.write(Buffer.concat(calls));
      expect(await worker.result()).toMatchObject({ id: 1 });
      writeFileSync(file, "");
      for (let id = 2; id <= calls.length; id += 1) expect(await worker.result()).toMatchObject({ id });
    },
  },
  {
    name: "no result waits for a long call that is awaited",
    handler: {
      javascript: source`
        import { existsSync } from "node:fs";
        import { setTimeout as sleep } from "node:timers/promises";
        export async function handler(input, context) {
          while (input.file !== undefined && !existsSync(input.file)) await sleep(1);
          return { n: input.n };
        }
      `,
    },
    because: "Python's handlers are not awaited",
    async run({ worker }) {
      const file = `${worker.folder}/go`;
      worker.requests.write(Buffer.concat([worker.callBytes({ n: 1 }), worker.callBytes({ n: 2, file })]));
      expect(await worker.result()).toMatchObject({ id: 1 });
      writeFileSync(file, "");
      expect(await worker.result()).toMatchObject({ id: 2 });
    },
  },
  {
    name: "while a call is awaited, megabytes of further calls are taken in and answered after it",
    handler: {
      javascript: source`
        import { setTimeout as sleep } from "node:timers/promises";
        export async function handler(input, context) {
          if (input.first) await sleep(100);
          return { n: input.n };
        }
      `,
    },
    because: "Python's handlers are not awaited",
    async run({ worker }) {
      const text = "x".repeat(10_000);
      const calls = Array.from({ length: 800 }, (_, n) => worker.callBytes({ n, text, first: n === 0 }));
      worker.requests.write(Buffer.concat(calls));
      for (let n = 0; n < 800; n += 1)
        expect(await worker.result()).toMatchObject({ outputText: `{"n":${n}}` });
    },
  },
  ...MALFORMED.map(({ name, hex }) => ends(`a frame ${name}`, withMoreBytes(Buffer.from(hex, "hex")))),
  ends("an answer", encodeStart(new PlainFrame(FrameType.loaded, {}))),
  ends("a message of no type", encodeStart(new PlainFrame(99, {}))),
  ends("a head that is a list", Buffer.from("0000000702000000025b5d", "hex")),
  {
    name: "the worker ends with an error where the connection ends inside a frame",
    notInMachines: "a port has no end that comes after half a frame",
    handler: ECHO,
    async run({ worker }) {
      const call = worker.callBytes({ n: 1 });
      worker.requests.write(call.subarray(0, call.length - 1));
      expect(await worker.end()).toMatchObject({
        code: 1,
        stderr: expect.stringMatching("the connection closed inside a frame"),
      });
    },
  },
  {
    name: "the worker ends with an error where a shard is called that was never begun",
    handler: ECHO,
    async run({ worker }) {
      worker.sendCall({}, { shard: 77 });
      expect(await worker.result()).toBeUndefined();
      const { code, stderr } = await worker.ended();
      expect(code).toBe(1);
      expect(stderr).toMatch("77");
    },
  },
  {
    name: "frames before the bytes that are none are answered",
    handler: ECHO,
    async run({ worker }) {
      worker.requests.write(Buffer.concat([worker.callBytes({ n: 1 }), Buffer.alloc(20, 0xff)]));
      const first: Frame | undefined = await worker.answer(FrameType.result).catch(() => undefined);
      expect((await worker.ended()).code).toBe(1);
      // Whether it is sent is up to the worker; that it was not mistaken for something else is not.
      if (first !== undefined) expect(first.body.subarray(32).toString()).toBe('{"got":{"n":1}}');
    },
  },
];

/** A worker may wait for what a frame says is still to come. */
function withMoreBytes(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(64)]);
}
