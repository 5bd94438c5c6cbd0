import { expect } from "vitest";
import { type ConformanceCase, of, source } from "../case.ts";

const LEVELS = {
  python: source`
    import logging
    log = logging.getLogger("users")
    def handler(input, context):
        log.debug("debug %d", 1)
        log.info("info %d", 2)
        log.warning("warning %d", 3)
        log.error("error %d", 4)
        return {}
  `,
  javascript: source`
    export function handler(input, context) {
      console.debug("debug %d", 1);
      console.info("info %d", 2);
      console.warn("warning %d", 3);
      console.error("error %d", 4);
      return {};
    }
  `,
};

const LOGGER = { python: "users", javascript: "console" };

function levels(
  name: string,
  environment: Readonly<Record<string, string>>,
  shown: readonly string[],
): ConformanceCase {
  return {
    name: `records keep their level, ${name}`,
    handler: LEVELS,
    environment,
    async run({ worker, language }) {
      await worker.output();
      const { records, stdout, stderr } = await worker.end();
      const all = [
        { level: "DEBUG", message: "debug 1" },
        { level: "INFO", message: "info 2" },
        { level: "WARNING", message: "warning 3" },
        { level: "ERROR", message: "error 4" },
      ];
      const logger = of(LOGGER, language);
      expect(records).toEqual(
        all.filter(({ level }) => shown.includes(level)).map((record) => ({ ...record, logger })),
      );
      expect({ stdout, stderr }).toEqual({ stdout: "", stderr: "" });
    },
  };
}

export const LOGS: readonly ConformanceCase[] = [
  levels("from INFO up", {}, ["INFO", "WARNING", "ERROR"]),
  levels("from what LOG_LEVEL says", { LOG_LEVEL: "debug" }, ["DEBUG", "INFO", "WARNING", "ERROR"]),
  levels("from what LOG_LEVEL says", { LOG_LEVEL: "ERROR" }, ["ERROR"]),
  levels("from INFO where LOG_LEVEL is none", { LOG_LEVEL: "nonsense" }, ["INFO", "WARNING", "ERROR"]),
  {
    name: "what is printed goes to its stream line by line, and raw bytes with it",
    handler: {
      python: source`
        import os, sys
        print("at import")
        def handler(input, context):
            print("printed", "größe 😀")
            print("to stderr", file=sys.stderr)
            os.write(1, b"raw\\n")
            os.write(2, b"raw error\\n")
            return {}
      `,
      javascript: source`
        import { writeSync } from "node:fs";
        console.log("at import");
        export function handler(input, context) {
          console.log("printed", "größe 😀");
          process.stderr.write("to stderr\\n");
          writeSync(1, "raw\\n");
          writeSync(2, "raw error\\n");
          return {};
        }
      `,
    },
    async run({ worker }) {
      await worker.output();
      expect(await worker.end()).toMatchObject({
        code: 0,
        stdout: "at import\nprinted größe 😀\nraw\n",
        stderr: "to stderr\nraw error\n",
        records: [],
      });
    },
  },
  {
    name: "ten megabytes that are printed at once all arrive",
    handler: {
      python: source`
        def handler(input, context):
            for _ in range(100_000): print("x" * 99)
            return {}
      `,
      javascript: source`
        export function handler(input, context) {
          for (let line = 0; line < 100_000; line += 1) process.stdout.write("x".repeat(99) + "\\n");
          return {};
        }
      `,
    },
    async run({ worker }) {
      await worker.output();
      expect((await worker.end()).stdout).toHaveLength(10_000_000);
    },
  },
  {
    name: "what was printed before the process ended by itself is not lost",
    handler: {
      python: source`
        import os
        def handler(input, context):
            for _ in range(10_000): print("x" * 99, flush=True)
            os._exit(7)
      `,
      javascript: source`
        export function handler(input, context) {
          for (let line = 0; line < 10_000; line += 1) console.log("x".repeat(99));
          process.reallyExit(7);
        }
      `,
      typescript: source`
        export function handler(): void {
          for (let line = 0; line < 10_000; line += 1) console.log("x".repeat(99));
          (process as any).reallyExit(7);
        }
      `,
    },
    async run({ worker }) {
      worker.sendCall({});
      expect(await worker.result()).toBeUndefined();
      const { code, stdout } = await worker.ended();
      expect({ code, length: stdout.length }).toEqual({ code: 7, length: 1_000_000 });
    },
  },
  {
    name: "a record that is too long is cut, and is one still",
    handler: {
      python: source`
        import logging
        def handler(input, context):
            logging.error(input["text"] * 100_000)
            return {}
      `,
      javascript: source`
        export function handler(input, context) {
          console.error(input.text.repeat(100_000));
          return {};
        }
      `,
    },
    async run({ worker }) {
      for (const text of ["x", '"\\', "😀", "\ud800", "\u0000"]) await worker.output({ text });
      const { records } = await worker.end();
      expect(records.map(({ level }) => level)).toEqual(Array(5).fill("ERROR"));
      for (const record of records) {
        expect(record.message).toMatch(/… \(cut\)$/);
        expect(Buffer.byteLength(JSON.stringify(record))).toBeLessThanOrEqual(8192);
      }
    },
  },
  {
    name: "an error that is logged is shown with the function's own lines",
    handler: {
      javascript: source`
        import { readFileSync } from "node:fs";
        function fail() { throw new TypeError("kept", { cause: new Error("deep") }); }
        export function handler(input, context) {
          try { fail(); } catch (error) { console.error(error); console.log(error); }
          try { readFileSync(context.env); } catch (error) { console.error("not read:", error); }
          console.trace("traced");
          return {};
        }
      `,
    },
    because: "an exception that is logged in Python has the frames that it went through, and no others",
    async run({ worker, file }) {
      await worker.output();
      const { records, stdout } = await worker.end();
      const [kept, notRead, traced] = records.map(({ message }) => message);
      for (const text of [kept, stdout]) {
        expect(text).toMatch(
          /^TypeError: kept\n {4}at fail .*\n {4}at handler .* \{\n {2}\[cause\]: Error: deep\n/,
        );
        expect(text?.match(/\n +at .*/g)?.filter((line) => !line.includes(file))).toEqual([]);
        expect(text).not.toMatch("lines matching cause");
      }
      expect(notRead).toMatch(/^not read: TypeError \[ERR_INVALID_ARG_TYPE\]: .*\n {4}at .*\(node:fs:/);
      expect(notRead).toMatch(/\n {4}at handler \(.*\) \{\n {2}code: 'ERR_INVALID_ARG_TYPE'\n\}$/);
      expect(traced?.split("\n")).toEqual(["Trace: traced", expect.stringMatching(/^ {4}at handler /)]);
    },
  },
  {
    name: "what Node warns of is a warning, and it is said where it comes from",
    handler: {
      javascript: source`
        import { EventEmitter } from "node:events";
        export async function handler(input, context) {
          process.emitWarning("my own", { code: "MINE", detail: "do better" });
          process.emitWarning("disabled", "ExperimentalWarning");
          const emitter = new EventEmitter();
          for (let n = 0; n < 11; n += 1) emitter.on("event", () => {});
          await new Promise((resolve) => setImmediate(resolve));
          console.error("an error all the same");
          return {};
        }
      `,
    },
    because: "a matter of Node",
    async run({ worker }) {
      await worker.output();
      const { records, stderr } = await worker.end();
      const place = /\n {4}at handler \(.*usermodule.*\)/.source;
      expect(records).toEqual([
        {
          level: "WARNING",
          logger: "node",
          message: expect.stringMatching(new RegExp(`^\\[MINE\\] Warning: my own${place}\ndo better$`)),
        },
        {
          level: "WARNING",
          logger: "node",
          message: expect.stringMatching(
            new RegExp(`^MaxListenersExceededWarning: .* 11 event listeners .*(\n.*)*${place}`),
          ),
        },
        { level: "ERROR", logger: "console", message: "an error all the same" },
      ]);
      expect(stderr).toBe("");
    },
  },
  {
    name: "what fails outside a call is told, and the worker goes on",
    handler: {
      python: source`
        import threading
        def work(): raise ValueError("in the background")
        def handler(input, context):
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
            return {"n": input["n"]}
      `,
      javascript: source`
        import { setTimeout as sleep } from "node:timers/promises";
        async function work() { throw new RangeError("in the background"); }
        export async function handler(input, context) {
          void work();
          setTimeout(() => { throw new TypeError("in a timer"); }, 1);
          await sleep(10);
          return { n: input.n };
        }
      `,
    },
    async run({ worker, language, file }) {
      for (const n of [1, 2]) expect(await worker.output({ n })).toEqual({ n });
      const { records, stderr, code } = await worker.end();
      expect(code).toBe(0);
      if (language === "python") {
        expect(stderr.match(/ValueError: in the background/g)).toHaveLength(2);
      } else {
        const messages = records.map(({ message }) => message);
        expect(messages.filter((each) => each.includes("RangeError: in the background"))).toHaveLength(2);
        expect(messages.filter((each) => each.includes("TypeError: in a timer"))).toHaveLength(2);
        expect(messages[0]).toMatch(file);
        expect(new Set(records.map(({ level }) => level))).toEqual(new Set(["ERROR"]));
      }
    },
  },
  {
    name: "a handler may close what it writes to",
    handler: {
      python: source`
        import logging, os
        def handler(input, context):
            for descriptor in (1, 2, 4): os.close(descriptor)
            logging.error("to nobody")
            return {"n": 1}
      `,
      javascript: source`
        import { closeSync } from "node:fs";
        export function handler(input, context) {
          closeSync(4);
          process.stdout.destroy();
          console.error("to nobody");
          console.log("to nobody");
          return { n: 1 };
        }
      `,
    },
    async run({ worker }) {
      expect(await worker.output()).toEqual({ n: 1 });
      expect(await worker.saved()).toMatchObject({ problem: null });
    },
  },
];
