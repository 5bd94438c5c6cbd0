import type { CallAnswer, Callable } from "../../src/triggers/http/callable.ts";
import { childrenOf, type StartedRuntime, type useRuntime, workersOf } from "./harness.ts";

/** A function under test: its code, and what else its manifest says. */
export interface FunctionUnderTest {
  readonly name: string;
  readonly code: string;
  readonly language?: "python" | "javascript" | "typescript" | "script";
  readonly [field: string]: unknown;
}

/** A runtime that serves functions. */
export interface ServingRuntime extends StartedRuntime {
  /** Call a function inside this process: calls reach it in the order that they are made in. */
  call(name: string, event: unknown, shard?: string): Promise<CallAnswer>;
  /** Call a function over HTTP. */
  post(name: string, event: unknown, query?: string): Promise<{ status: number; body: unknown }>;
  /** Everything of one metric: labels as they are written, and the value. */
  series(metric: string): Promise<ReadonlyMap<string, number>>;
}

/**
 * Start a runtime with functions. Each is stored at its own name, and has an HTTP trigger unless it says
 * otherwise. Nothing is preloaded, so that starts are quick.
 */
export async function startFunctions(
  context: ReturnType<typeof useRuntime>,
  functions: readonly FunctionUnderTest[],
  environment: Record<string, string> = {},
): Promise<ServingRuntime> {
  const manifests: object[] = [];
  for (const each of functions) {
    const { code, ...manifest } = each;
    manifests.push({
      source: await context.write(fileOf(each), code),
      handler: `${moduleOf(each.name)}.handler`,
      triggers: [{ http: true }],
      output: { key: each.name },
      ...manifest,
    });
  }
  // JSON is YAML.
  const file = await context.write("gaugelet.yaml", JSON.stringify({ functions: manifests }));
  const started = await context.start({ GAUGELET_CONFIG: file, GAUGELET_PRELOAD: "", ...environment });
  return {
    ...started,
    call: (name, event, shard = "") =>
      new Promise((resolve) => {
        const body = Buffer.from(JSON.stringify(event));
        functionOf(started, name).call({ body, shard, idempotencyKey: undefined }, resolve);
      }),
    async post(name, event, query = "") {
      const url = `http://127.0.0.1:${started.ports.status}/functions/${name}${query}`;
      const response = await fetch(url, { method: "POST", body: JSON.stringify(event) });
      return { status: response.status, body: await response.json() };
    },
    async series(metric) {
      const response = await fetch(`http://127.0.0.1:${started.ports.management}/metrics`);
      const lines = (await response.text()).split("\n").filter((line) => line.startsWith(`${metric}{`));
      return new Map(
        lines.map((line) => {
          const end = line.lastIndexOf("} ");
          return [line.slice(metric.length + 1, end), Number(line.slice(end + 2))];
        }),
      );
    },
  };
}

/** The output of a call that must have succeeded. */
export function outputOf(answer: CallAnswer): Record<string, unknown> {
  if (answer.outcome !== "ok") throw new Error(`the call ended with ${answer.outcome}: ${answer.message}`);
  return JSON.parse(answer.output.toString()) as Record<string, unknown>;
}

/** Process id of what the workers of this process's runtime are forked from; undefined: there is none now. */
export async function zygote(): Promise<number | undefined> {
  return (await childrenOf(process.pid, "gaugelet_worker"))[0];
}

/** Process ids of all workers of this process's runtime. */
export const workers = (): Promise<number[]> => workersOf(process.pid);

/** Send a signal to a process that may be gone by now. @returns whether it was there. */
export function kill(pid: number, signal: NodeJS.Signals = "SIGKILL"): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

function functionOf(runtime: StartedRuntime, name: string): Callable {
  const found = runtime.functions.find(({ definition }) => definition.name === name);
  if (found === undefined) throw new Error(`there is no function ${name}`);
  return found;
}

function moduleOf(name: string): string {
  return name.replaceAll("-", "_");
}

/** Name of a function's file in the folder of the test. */
function fileOf({ name, language = "python" }: FunctionUnderTest): string {
  return `${moduleOf(name)}.${{ python: "py", javascript: "mjs", typescript: "ts", script: "sh" }[language]}`;
}
