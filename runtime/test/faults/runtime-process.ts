import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { waitFor } from "@gaugelet/testing/wait";
import { childrenOf, type LogLine, PYTHON, ROOT, workersOf } from "../integration/harness.ts";

type ProcessLine = LogLine & { readonly ports?: { readonly management: number; readonly status: number } };

/** How a runtime is started as a process of its own. */
export interface RuntimeProcessOptions {
  readonly environment: Record<string, string>;
  readonly folder: string;
  /** A program and its arguments that the runtime is started by, such as one that gives it another clock. */
  readonly by?: readonly string[];
}

/** The runtime as its image starts it: a process that can be killed, paused, and asked to stop. */
export class RuntimeProcess {
  readonly log: ProcessLine[] = [];
  /** What it wrote that is no line of its log. */
  readonly said: string[] = [];
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  constructor({ environment, folder, by = [] }: RuntimeProcessOptions) {
    const [program, ...args] = [...by, process.execPath, join(ROOT, "runtime/src/main.ts")];
    this.#child = spawn(program, args, {
      env: {
        PATH: process.env.PATH ?? "",
        GAUGELET_PYTHON: PYTHON,
        GAUGELET_PRELOAD: "",
        GAUGELET_STATE_DIR: join(folder, "state"),
        GAUGELET_CATALOG: "off",
        GAUGELET_MANAGEMENT_PORT: "0",
        GAUGELET_RUNTIME_PORT: "0",
        ...environment,
      },
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#ended = once(this.#child, "exit");
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on("line", (line) => this.#hear(line));
    }
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Of the runtime itself, also where another program started it. */
  async pid(): Promise<number> {
    const own = this.#child.pid ?? 0;
    const [inside] = await childrenOf(own, "runtime/src/main.ts");
    return inside ?? own;
  }

  async workers(): Promise<number[]> {
    return workersOf(await this.pid());
  }

  /** Wait until it runs, and each of its functions has a worker. */
  async started(functions = 1): Promise<void> {
    await waitFor("the runtime's functions", () => {
      if (this.hasEnded) throw new Error(`the runtime has ended: ${this.text}`);
      return this.log.filter(({ msg }) => msg.includes("function loaded in")).length >= functions;
    });
  }

  async logged(text: string | RegExp, seconds?: number): Promise<LogLine> {
    const matches = ({ msg }: LogLine): boolean =>
      typeof text === "string" ? msg.includes(text) : text.test(msg);
    return await waitFor(`log line ${text}`, () => this.log.find(matches), seconds).catch(
      ({ message }: Error) => {
        throw new Error(`${message}; it said:\n${this.text}`);
      },
    );
  }

  /** What a path of its management port answers. */
  async ask(path: string): Promise<{ readonly status: number; readonly text: string }> {
    const line = await waitFor("the runtime's ports", () => this.log.find(({ ports }) => ports));
    const response = await fetch(`http://127.0.0.1:${line.ports?.management}${path}`);
    return { status: response.status, text: await response.text() };
  }

  get text(): string {
    return [...this.said, ...this.log.map(({ level, msg }) => `${level}: ${msg}`)].join("\n");
  }

  async kill(): Promise<void> {
    if (this.hasEnded) return;
    process.kill(await this.pid(), "SIGKILL");
    await this.#ended;
  }

  /** Let it do nothing: its connections stay open, and its workers go on. */
  async pause(): Promise<void> {
    process.kill(await this.pid(), "SIGSTOP");
  }

  async resume(): Promise<void> {
    process.kill(await this.pid(), "SIGCONT");
  }

  /** Ask it to stop, and wait until it has. @returns its exit code. */
  async stop(): Promise<number | null> {
    if (!this.hasEnded) {
      process.kill(await this.pid(), "SIGTERM");
      await this.#ended;
    }
    return this.#child.exitCode;
  }

  #hear(line: string): void {
    if (line.startsWith("{")) this.log.push(JSON.parse(line) as ProcessLine);
    else this.said.push(line);
  }
}
