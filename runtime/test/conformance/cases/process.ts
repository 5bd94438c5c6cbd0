import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { type ConformanceCase, source } from "../case.ts";

const OK = {
  python: "def handler(input, context):\n    return {}\n",
  javascript: "export function handler(input, context) {\n  return {};\n}\n",
};

export const PROCESS: readonly ConformanceCase[] = [
  {
    name: "it ends in order when the connection does",
    handler: OK,
    async run({ worker }) {
      await worker.output();
      expect(await worker.end()).toEqual({ code: 0, signal: null, stdout: "", stderr: "", records: [] });
    },
  },
  {
    name: "it ends in order before anything is loaded",
    handler: OK,
    isLoaded: false,
    async run({ worker }) {
      expect(await worker.end()).toMatchObject({ code: 0, stderr: "" });
    },
  },
  {
    name: "it ends although what the function began goes on",
    handler: {
      python: source`
        import threading
        def handler(input, context):
            threading.Thread(target=threading.Event().wait).start()
            return {}
      `,
      javascript: source`
        import { createServer } from "node:net";
        export function handler(input, context) {
          setInterval(() => {}, 10);
          createServer().listen(0, "127.0.0.1");
          return {};
        }
      `,
    },
    async run({ worker }) {
      await worker.output();
      expect(await worker.end()).toMatchObject({ code: 0 });
    },
  },
  {
    name: "a call under way is answered when no more will come",
    handler: {
      python: source`
        import time
        def handler(input, context):
            time.sleep(0.1)
            return {"a": "x" * 500_000}
      `,
      javascript: source`
        import { setTimeout as sleep } from "node:timers/promises";
        export async function handler(input, context) {
          await sleep(100);
          return { a: "x".repeat(500_000) };
        }
      `,
    },
    async run({ worker }) {
      worker.sendCall({});
      worker.sendCall({});
      const ended = worker.end();
      for (const id of [1, 2]) expect(await worker.result()).toMatchObject({ id, outcome: "ok" });
      expect(await worker.result()).toBeUndefined();
      expect(await ended).toMatchObject({ code: 0 });
    },
  },
  {
    name: "a handler that ends the process ends it",
    handler: {
      python: "import os\ndef handler(input, context):\n    os._exit(7)\n",
      javascript: source`
        export function handler(input, context) {
          process.kill(process.pid, "SIGTERM");
          for (;;);
        }
      `,
    },
    async run({ worker }) {
      worker.sendCall({});
      expect(await worker.result()).toBeUndefined();
      const { code, signal } = await worker.ended();
      expect(code === 7 || signal === "SIGTERM").toBe(true);
    },
  },
  {
    name: "programs that a function starts have none of its descriptors",
    notInMachines: "what it has is a port and no socket",
    handler: {
      python: source`
        import os, subprocess
        def handler(input, context):
            own = [os.readlink(f"/proc/self/fd/{number}").split(":")[0] for number in (3, 5)]
            listed = subprocess.check_output(["ls", "/proc/self/fd"], close_fds=False, text=True)
            return {"own": own, "listed": listed.split()}
      `,
      javascript: source`
        import { execFileSync } from "node:child_process";
        import { readlinkSync } from "node:fs";
        export function handler(input, context) {
          const own = [3, 5].map((number) => readlinkSync("/proc/self/fd/" + number).split(":")[0]);
          const listed = execFileSync("ls", ["/proc/self/fd"], { encoding: "utf8" });
          return { own, listed: listed.trim().split("\\n") };
        }
      `,
    },
    async run({ worker }) {
      const { own, listed } = (await worker.output()) as { own: string[]; listed: string[] };
      expect(own).toEqual(["socket", "socket"]);
      // 3 is the folder that ls itself reads; what this test has from whoever started it has higher numbers.
      expect(listed.map(Number).filter((number) => number < 10)).toEqual([0, 1, 2, 3]);
    },
  },
  {
    name: "an interrupt from the terminal does not end it",
    notInMachines: "a terminal's signals do not reach into a machine",
    handler: OK,
    async run({ worker }) {
      worker.process.kill("SIGINT");
      await sleep(50);
      expect(await worker.output()).toEqual({});
    },
  },
  {
    name: "modules of the function that are called like the language's own do not disturb it",
    handler: {
      python: "def handler(input, context):\n    return {'n': 1}\n",
      javascript: "export function handler(input, context) {\n  return { n: 1 };\n}\n",
    },
    isLoaded: false,
    async run({ worker, write }) {
      for (const name of ["json", "socket", "logging", "orjson", "traceback"]) {
        write(`${name}.py`, "raise RuntimeError('not for you')\n");
      }
      for (const name of ["net", "fs", "frames"]) write(`${name}.js`, "throw new Error('not for you');\n");
      await worker.load("loaded");
      await worker.restore();
      expect(await worker.output()).toEqual({ n: 1 });
    },
  },
  {
    name: "its current folder is the function's",
    notInMachines: "its files come with the machine",
    handler: {
      python: "def handler(input, context):\n    return {'text': open('data.txt').read()}\n",
      javascript: source`
        import { readFileSync } from "node:fs";
        export function handler(input, context) {
          return { text: readFileSync("data.txt", "utf8") };
        }
      `,
    },
    async run({ worker, write }) {
      write("data.txt", "data");
      expect(await worker.output()).toEqual({ text: "data" });
    },
  },
  {
    name: "it uses no processor time while nothing is asked",
    notInMachines: "its process is not to be seen from outside",
    handler: OK,
    async run({ worker }) {
      await worker.output();
      await worker.saved();
      const { readFileSync } = await import("node:fs");
      /** Times that the process gave the processor away: one for each time that it woke up. */
      const wakeUps = (): number => {
        const status = readFileSync(`/proc/${worker.process.pid}/status`, "utf8");
        return Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1]);
      };
      await sleep(100);
      const before = wakeUps();
      await sleep(500);
      expect(wakeUps() - before).toBeLessThan(20);
    },
  },
  {
    name: "a heap that is full ends it, and it says so",
    handler: {
      javascript: source`
        const kept = [];
        export function handler(input, context) {
          for (;;) kept.push(new Array(1000).fill(Math.random()));
        }
      `,
      typescript: source`
        const kept: number[][] = [];
        export function handler(): object {
          for (;;) kept.push(new Array(1000).fill(Math.random()));
        }
      `,
    },
    because: "Python has no heap of its own size: its limit is the system's",
    async run({ worker }) {
      const { saysHeapIsFull } = await import("../../../src/javascript/arguments.ts");
      worker.sendCall({});
      expect(await worker.result()).toBeUndefined();
      const { signal, stderr } = await worker.ended();
      expect(signal).toBe("SIGABRT");
      expect(stderr.split("\n").filter(saysHeapIsFull)).toHaveLength(1);
    },
  },
];
