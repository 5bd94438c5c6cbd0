import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "@gaugelet/testing/ports";
import { waitFor } from "@gaugelet/testing/wait";
import { BUILT_RUNTIME } from "../built-runtime.ts";
import type { BenchedEngine } from "./engine.ts";

const START_SECONDS = 60;
/** Where the handlers of these benchmarks are. */
export const HANDLERS = join(import.meta.dirname, "handlers");

/** A function of a benchmark: its manifest. */
export interface BenchedFunction {
  readonly name: string;
  readonly source: string;
  readonly triggers: readonly object[];
  readonly [field: string]: unknown;
}

/** What a benchmark's runtime has besides. */
export interface TopicRuntimeOptions {
  readonly catalog: "on" | "off";
}

/** It records no runs. Of several that record one would do it for all, and be slower than the others. */
export const WITHOUT_CATALOG: TopicRuntimeOptions = { catalog: "off" };

/** The runtime as the container image has it, in a process of its own, whose configuration can change. */
export class TopicRuntime {
  readonly #child: ChildProcess;
  readonly #file: string;
  /** Where it answers calls over HTTP and the API. */
  readonly url: string;

  /**
   * Start it, and wait until its workers are ready.
   *
   * @param folder where its configuration is written.
   */
  static async start(
    engine: BenchedEngine,
    python: string,
    folder: string,
    functions: readonly BenchedFunction[],
    { catalog }: TopicRuntimeOptions = { catalog: "on" },
  ): Promise<TopicRuntime> {
    const managementPort = await freePort();
    const port = await freePort();
    const file = join(folder, `gaugelet-${managementPort}.yaml`);
    await writeFile(file, configurationOf(functions));
    const child = spawn(process.execPath, BUILT_RUNTIME, {
      env: {
        PATH: process.env.PATH ?? "",
        GAUGELET_PYTHON: python,
        GAUGELET_CONFIG: file,
        GAUGELET_STATE_DIR: join(folder, `state-${managementPort}`),
        GAUGELET_LOG_LEVEL: "error",
        GAUGELET_CATALOG: catalog,
        GAUGELET_RUNTIME_PORT: String(port),
        GAUGELET_MANAGEMENT_PORT: String(managementPort),
        REDIS_PORT: String(engine.redisPort),
        ...engine.environment,
      },
      stdio: ["ignore", "inherit", "inherit"],
    });
    const runtime = new TopicRuntime(child, file, `http://127.0.0.1:${port}`);
    const isReady = async (): Promise<boolean> =>
      (await fetch(`http://127.0.0.1:${managementPort}/readyz`)).ok;
    try {
      await waitFor("the runtime to be ready", isReady, START_SECONDS);
    } catch (error) {
      await runtime.stop();
      throw error;
    }
    return runtime;
  }

  private constructor(child: ChildProcess, file: string, url: string) {
    this.#child = child;
    this.#file = file;
    this.url = url;
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** Have these functions from now on; it takes this up by itself. */
  async change(functions: readonly BenchedFunction[]): Promise<void> {
    await writeFile(this.#file, configurationOf(functions));
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await exit;
  }
}

function configurationOf(functions: readonly BenchedFunction[]): string {
  // JSON is YAML.
  return JSON.stringify({
    functions: functions.map((each) => ({
      handler: "handler.handler",
      output: { key: each.name },
      workers: { min: 1, max: 1 },
      ...each,
    })),
  });
}
