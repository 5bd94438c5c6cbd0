import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeFunctionFolder } from "@gaugelet/testing/function-folder";
import { startRedis, type TestRedis } from "@gaugelet/testing/redis-server";
import { waitFor } from "@gaugelet/testing/wait";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { type Runtime, startRuntime } from "../../src/app.ts";
import { readConfiguration } from "../../src/configuration/environment.ts";

export const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
/** The Python environment that `npm test` sets up. */
export const PYTHON = join(ROOT, ".gaugelet/python/bin/python");

/** One line of the runtime's log. */
export interface LogLine {
  /** Unix milliseconds. */
  readonly time: number;
  readonly level: string;
  readonly msg: string;
  readonly function?: string;
  readonly details?: string;
  readonly stream?: string;
  readonly logger?: string;
  readonly dropped?: number;
}

/** A runtime under test and all that it said. */
export interface StartedRuntime extends Runtime {
  readonly log: LogLine[];
  /** Wait for a log line whose text matches. */
  logged(text: string | RegExp): Promise<LogLine>;
  metric(series: string): Promise<number>;
}

/** A real Redis for the tests of a file, emptied before each, and a folder of their own. */
export function useRuntime(redisOptions: readonly string[] = []) {
  const started: StartedRuntime[] = [];
  const context = {
    redis: undefined as unknown as TestRedis,
    folder: "",
    /** Write a handler and give its path. */
    async write(name: string, source: string | Buffer): Promise<string> {
      const path = join(context.folder, name);
      await writeFile(path, source);
      return path;
    },
    /**
     * Start the runtime in this process as the environment says; Redis and Python are given.
     *
     * @param meanwhile done once its configuration is read, and before anything is started.
     */
    async start(
      environment: Record<string, string>,
      meanwhile: () => Promise<void> = async () => {},
    ): Promise<StartedRuntime> {
      const given = {
        REDIS_HOST: "127.0.0.1",
        REDIS_PORT: String(context.redis.port),
        GAUGELET_PYTHON: PYTHON,
        GAUGELET_STATE_DIR: join(context.folder, "state"),
        GAUGELET_CATALOG: "off",
        GAUGELET_MANAGEMENT_PORT: "0",
        GAUGELET_RUNTIME_PORT: "0",
        ...environment,
      };
      const runtime = await startFrom(given, meanwhile);
      started.push(runtime);
      return runtime;
    },
    /** One function in drop-in mode: `handler.py` with this source, output key `out`. */
    async dropIn(source: string, environment: Record<string, string> = {}): Promise<StartedRuntime> {
      const file = await context.write("handler.py", source);
      return context.start({
        REDIS_OUTPUT_KEY: "out",
        FUNCTION_FILE: file,
        POLL_INTERVAL_SECONDS: "0.2",
        ...environment,
      });
    },
    /** Write the input key. */
    async input(value: unknown, key = "metrics"): Promise<void> {
      const isBytes = typeof value === "string" || Buffer.isBuffer(value);
      await context.redis.client.set(key, isBytes ? value : JSON.stringify(value));
    },
    /** Wait for an output that passes a check. */
    output(check: (output: Record<string, unknown>) => boolean = () => true, key = "out") {
      return waitFor(`output at ${key}`, async () => {
        const text = await context.redis.client.get(key);
        const output = text === null ? undefined : (JSON.parse(text) as Record<string, unknown>);
        return output !== undefined && check(output) ? output : undefined;
      });
    },
  };

  beforeAll(async () => {
    context.redis = await startRedis(redisOptions);
  });
  afterAll(async () => {
    await context.redis.stop();
  });
  beforeEach(async () => {
    context.folder = await makeFunctionFolder("test");
    await context.redis.client.flushall();
  });
  afterEach(async () => {
    for (const runtime of started.splice(0)) await runtime.stop();
    await rm(context.folder, { recursive: true, force: true });
    // No worker outlives its runtime, nor does what workers are forked from.
    expect(await childrenOf(process.pid, "gaugelet_worker")).toEqual([]);
  });
  return context;
}

async function startFrom(
  environment: Record<string, string>,
  meanwhile: () => Promise<void>,
): Promise<StartedRuntime> {
  const log: LogLine[] = [];
  const logger = pino(
    { base: null, level: "debug", formatters: { level: (level) => ({ level }) } },
    { write: (line: string) => void log.push(JSON.parse(line) as LogLine) },
  );
  const configuration = await readConfiguration(environment);
  await meanwhile();
  const runtime = await startRuntime(configuration, logger);
  return {
    ...runtime,
    log,
    logged: (text) =>
      waitFor(`log line ${text}`, () =>
        log.find(({ msg }) => (typeof text === "string" ? msg.includes(text) : text.test(msg))),
      ),
    async metric(series) {
      const response = await fetch(`http://127.0.0.1:${runtime.ports.management}/metrics`);
      const line = (await response.text()).split("\n").find((each) => each.startsWith(`${series} `));
      if (line === undefined) throw new Error(`no series ${series}`);
      return Number(line.slice(series.length + 1));
    },
  };
}

/** Process ids of the workers that a runtime in this process, or in `parent`, has: its zygote's children. */
export async function workersOf(parent: number): Promise<number[]> {
  const zygotes = await childrenOf(parent, "gaugelet_worker");
  const children = (await Promise.all(zygotes.map((pid) => childrenOf(pid, "")))).flat();
  const areSpares = await Promise.all(children.map(isSpare));
  return children.filter((_, index) => !areSpares[index]);
}

/** Whether a process only waits to become a worker. */
export async function isSpare(pid: number): Promise<boolean> {
  const name = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "");
  return name === "gaugelet-spare\n";
}

/** Process ids of the running children whose command line has a text in it. */
export async function childrenOf(parent: number, command: string): Promise<number[]> {
  const children = await readFile(`/proc/${parent}/task/${parent}/children`, "utf8").catch(() => "");
  const pids = children.split(" ").filter(Boolean).map(Number);
  const commands = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => undefined)),
  );
  return pids.filter((_, index) => commands[index]?.includes(command));
}
