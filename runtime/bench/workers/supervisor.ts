import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type BenchRow, row } from "@gaugelet/testing/bench";
import { buildWorkspaces } from "@gaugelet/testing/build";
import { waitFor } from "@gaugelet/testing/wait";
import { BUILT_RUNTIME } from "../built-runtime.ts";
import { HANDLER_FOLDER } from "./floor.ts";
import { residentBytes } from "./process-tree.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
/** How people start it: from the sources, and compiled, as the image has it. */
const FORMS = {
  "from source": ["runtime/src/main.ts"],
  compiled: BUILT_RUNTIME,
} as const;
const SAMPLES = 5;
const SECONDS_BETWEEN = 0.5;

/**
 * Memory of a runtime, started as people start it, with nothing to run: its one function has no worker until
 * it is called.
 *
 * @param folder where its configuration is written.
 */
export async function benchSupervisor(
  environment: Readonly<Record<string, string>>,
  folder: string,
): Promise<BenchRow[]> {
  const file = join(folder, "idle.yaml");
  const idle = {
    name: "idle",
    handler: "handler.handler",
    source: HANDLER_FOLDER,
    triggers: [{ http: true }],
    workers: { min: 0 },
  };
  await writeFile(file, JSON.stringify({ functions: [idle] }));
  const told = { ...environment, GAUGELET_CONFIG: file };
  await buildWorkspaces("shared", "runtime");
  return [
    row("runtime with no worker: memory, compiled", await memoryOf("compiled", told), "MB", { atMost: 110 }),
    row("runtime with no worker: memory, from source", await memoryOf("from source", told), "MB"),
  ];
}

/** The most resident memory of the runtime while it is idle, in MB. */
async function memoryOf(
  form: keyof typeof FORMS,
  environment: Readonly<Record<string, string>>,
): Promise<number> {
  const child = spawn(process.execPath, [...FORMS[form]], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, ...environment },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const exit = once(child, "exit");
  try {
    await waitFor("the idle runtime to answer", async () => {
      const response = await fetch(`http://127.0.0.1:${environment.GAUGELET_MANAGEMENT_PORT}/metrics`);
      return response.ok;
    });
    let most = 0;
    for (let sample = 0; sample < SAMPLES; sample += 1) {
      await sleep(SECONDS_BETWEEN * 1000);
      most = Math.max(most, residentBytes(child.pid as number));
    }
    return most / 1024 ** 2;
  } finally {
    child.kill();
    await exit;
  }
}
