import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "@gaugelet/testing/ports";
import { waitFor } from "@gaugelet/testing/wait";
import { afterEach, expect, test } from "vitest";
import { PYTHON, ROOT, useRuntime, workersOf } from "./harness.ts";

const runtime = useRuntime();
const children: ChildProcess[] = [];

/** The runtime as its image starts it: a process, with nothing but the deployment's environment. */
async function startProcess(
  environment: Record<string, string>,
): Promise<{ child: ChildProcess; output: string[] }> {
  const child = spawn(process.execPath, [join(ROOT, "runtime/src/main.ts")], {
    env: { PATH: process.env.PATH ?? "", GAUGELET_PYTHON: PYTHON, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
    cwd: runtime.folder,
  });
  children.push(child);
  const output: string[] = [];
  child.stdout?.on("data", (chunk) => output.push(String(chunk)));
  child.stderr?.on("data", (chunk) => output.push(String(chunk)));
  return { child, output };
}

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGTERM");
    await once(child, "exit");
  }
});

const HANDLER = `from collections import deque
from datetime import datetime
import helper

def handler(input: dict, context: object) -> dict:
    env = context.env
    seen = env.setdefault("seen", deque())
    seen.append(datetime.strptime(input["timestamp"], "%Y-%m-%d %H:%M:%S.%f"))
    env.setdefault("windows", {0: deque(maxlen=12), 1: deque(maxlen=12)})
    for cpu, window in env["windows"].items():
        window.append((datetime.fromisoformat(input["timestamp"]), input[f"cpu_percent-{cpu}"]))
    return {
        "timestamp": input["timestamp"],
        "percent-network-egress": helper.egress(input),
        "percent-memory-caching": helper.cached(input),
        **{f"avg-util-cpu{cpu}-60sec": sum(v for _, v in w) / len(w) for cpu, w in env["windows"].items()},
        "samples": len(seen),
        "in_order": list(seen) == sorted(set(seen)),
    }
`;
const HELPER = `def egress(m):
    sent, received = m["net_io_counters_eth0-bytes_sent1"], m["net_io_counters_eth0-bytes_recv1"]
    return 100 * sent / (sent + received)

def cached(m):
    return 100 * (m["virtual_memory-cached"] + m["virtual_memory-buffers"]) / m["virtual_memory-total"]
`;

test("a course handler runs through 450 measurements and kill -9 of worker and runtime, losing nothing of its window", async () => {
  const sample = await readFile(join(ROOT, "functions/testdata/measurements.jsonl"), "utf8");
  const recorded = sample
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, number | string>);
  const start = Date.parse("2026-11-21T00:00:00Z");
  const measurements = Array.from({ length: 450 }, (_, index) => ({
    ...recorded[index % recorded.length],
    timestamp: `${new Date(start + index * 5000).toISOString().replace("T", " ").replace("Z", "")}000`,
  }));
  await runtime.write("helper.py", HELPER);
  const environment = {
    REDIS_HOST: "127.0.0.1",
    REDIS_PORT: String(runtime.redis.port),
    REDIS_INPUT_KEY: "metrics",
    REDIS_OUTPUT_KEY: "ab12-proj3-output",
    FUNCTION_FILE: await runtime.write("usermodule.py", HANDLER),
    GAUGELET_MANAGEMENT_PORT: String(await freePort()),
  };
  let current = await startProcess(environment);
  for (const [index, measurement] of measurements.entries()) {
    await runtime.input(measurement);
    await runtime.output(({ timestamp }) => timestamp === measurement.timestamp, "ab12-proj3-output");
    if (index % 150 === 60) {
      const [worker] = await waitFor("a worker", async () => {
        const pids = await workersOf(current.child.pid ?? 0);
        return pids.length > 0 ? pids : undefined;
      });
      process.kill(worker as number, "SIGKILL");
    }
    if (index % 150 === 110) {
      const workers = await workersOf(current.child.pid ?? 0);
      current.child.kill("SIGKILL");
      await once(current.child, "exit");
      await waitFor("its workers to end with it", async () =>
        (
          await Promise.all(workers.map((pid) => readFile(`/proc/${pid}/stat`, "utf8").catch(() => "gone")))
        ).every((stat) => stat === "gone" || stat.includes(") Z ")),
      );
      current = await startProcess(environment);
    }
  }
  const output = await runtime.output(() => true, "ab12-proj3-output");
  expect(output).toMatchObject({ samples: 450, in_order: true });
  for (const cpu of [0, 1]) {
    const window = measurements
      .slice(-12)
      .map((each) => Number((each as Record<string, unknown>)[`cpu_percent-${cpu}`]));
    const mean = window.reduce((sum, value) => sum + value, 0) / 12;
    expect(output[`avg-util-cpu${cpu}-60sec`]).toBeCloseTo(mean, 9);
  }
  const entry = JSON.parse((await runtime.redis.client.hget("gaugelet:outputs", "ab12-proj3-output")) ?? "");
  expect(entry.function).toBe("ab12-proj3-output");
});

test("SIGTERM ends the runtime and its workers, with the call under way finished and stored", async () => {
  const { child } = await startProcess({
    REDIS_PORT: String(runtime.redis.port),
    REDIS_OUTPUT_KEY: "out",
    FUNCTION_FILE: await runtime.write(
      "usermodule.py",
      "import time\ndef handler(input, context):\n    open('started', 'w').close()\n    time.sleep(0.5)\n    return {'n': input['n']}\n",
    ),
    GAUGELET_MANAGEMENT_PORT: String(await freePort()),
  });
  await runtime.input({ n: 1 });
  await waitFor("the call", () =>
    readFile(join(runtime.folder, "started")).then(
      () => true,
      () => false,
    ),
  );
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  expect(await exited).toEqual([0, null]);
  expect(JSON.parse((await runtime.redis.client.get("out")) ?? "null")).toEqual({ n: 1 });
});

test("SIGTERM ends the runtime, and a program that a function started in a session of its own", async () => {
  const { child } = await startProcess({
    REDIS_PORT: String(runtime.redis.port),
    REDIS_OUTPUT_KEY: "out",
    FUNCTION_FILE: await runtime.write(
      "usermodule.py",
      `import subprocess
def handler(input, context):
    return {"pid": subprocess.Popen(["sleep", "300"], start_new_session=True).pid}
`,
    ),
    GAUGELET_MANAGEMENT_PORT: String(await freePort()),
  });
  await runtime.input({ n: 1 });
  const { pid } = await runtime.output();
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  expect(await exited).toEqual([0, null]);
  expect(() => process.kill(pid as number, 0)).toThrow("ESRCH");
});

test.each<[string, Record<string, string>, RegExp]>([
  ["nothing to run", {}, /nothing to run: set GAUGELET_CONFIG to a gaugelet\.yaml, or REDIS_OUTPUT_KEY/],
  [
    "a period of 0",
    { REDIS_OUTPUT_KEY: "out", POLL_INTERVAL_SECONDS: "0" },
    /environment: POLL_INTERVAL_SECONDS: expected a number of seconds above 0 \(found "0"\)/,
  ],
  ["a port that is none", { REDIS_OUTPUT_KEY: "out", REDIS_PORT: "http" }, /environment: REDIS_PORT: /],
  [
    "an entry point without module",
    { REDIS_OUTPUT_KEY: "out", FUNCTION_HANDLER: "handler" },
    /environment: FUNCTION_HANDLER: expected module\.attribute/,
  ],
  ["a configuration file that is not there", { GAUGELET_CONFIG: "none.yaml" }, /none\.yaml: cannot be read/],
])("%s ends the runtime with a line that says what to do", async (_what, environment, message) => {
  const { child, output } = await startProcess(environment);
  expect(await once(child, "exit")).toEqual([1, null]);
  expect(output.join("")).toMatch(message);
  expect(output.join("")).not.toContain("    at ");
});

test("a port that is taken ends the runtime with a line that names the variable", async () => {
  const other = await startProcess({
    REDIS_OUTPUT_KEY: "a",
    GAUGELET_MANAGEMENT_PORT: String(runtime.redis.port),
  });
  expect(await once(other.child, "exit")).toEqual([1, null]);
  expect(other.output.join("")).toMatch(
    /another program listens there already; choose another port with GAUGELET_MANAGEMENT_PORT/,
  );
});
