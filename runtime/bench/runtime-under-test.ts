import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "@gaugelet/testing/ports";
import { waitFor } from "@gaugelet/testing/wait";
import { processTree } from "./workers/process-tree.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The recorded measurements, repeated with timestamps 5 s apart. */
export async function measurements(count: number): Promise<{ timestamp: string; json: string }[]> {
  const text = await readFile(join(ROOT, "functions/testdata/measurements.jsonl"), "utf8");
  const recorded = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const start = Date.parse("2026-01-01T00:00:00Z");
  return Array.from({ length: count }, (_, index) => {
    const time = new Date(start + index * 5_000).toISOString().replace("T", " ").replace("Z", "000");
    return {
      timestamp: time,
      json: JSON.stringify({ ...recorded[index % recorded.length], timestamp: time }),
    };
  });
}

/** The runtime as people start it, in a process of its own, with `host-usage` on the key `metrics`. */
export interface BenchedRuntime {
  readonly pid: number;
  workerPid(): number;
  stop(): Promise<void>;
}

/** Start it in drop-in mode, output key `usage`, and wait until it has answered. */
export async function startBenchedRuntime(redisPort: number): Promise<BenchedRuntime> {
  const managementPort = await freePort();
  const child: ChildProcess = spawn(process.execPath, [join(ROOT, "runtime/src/main.ts")], {
    env: {
      PATH: process.env.PATH ?? "",
      GAUGELET_PYTHON: join(ROOT, ".gaugelet/python/bin/python"),
      REDIS_PORT: String(redisPort),
      REDIS_OUTPUT_KEY: "usage",
      FUNCTION_FILE: join(ROOT, "functions/host-usage/handler.py"),
      GAUGELET_MANAGEMENT_PORT: String(managementPort),
    },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const pid = child.pid ?? 0;
  await waitFor("the runtime to be ready", async () => {
    const response = await fetch(`http://127.0.0.1:${managementPort}/readyz`);
    return response.ok;
  });
  return {
    pid,
    workerPid() {
      // A child of the runtime's child, from which workers are forked.
      const worker = processTree(pid).at(-1);
      if (worker === undefined) throw new Error("the runtime has no worker");
      return worker;
    },
    async stop() {
      const exit = once(child, "exit");
      child.kill("SIGTERM");
      await exit;
    },
  };
}
