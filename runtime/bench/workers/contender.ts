import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { Command, Measured } from "./drive.ts";
import { cpuSeconds } from "./process-tree.ts";

/** Throughput and its price, of the program and all that it started. */
export interface Load extends Measured {
  readonly perSecond: number;
  readonly cpuMicrosecondsPerEvent: number;
}

/** A measured program in a process of its own, which drives itself as it is told; see drive.ts. */
export class Contender {
  readonly #child: ChildProcess;

  /** Start a program and wait until it is ready. */
  static async start(program: URL, environment: Readonly<Record<string, string>>): Promise<Contender> {
    const child = fork(program, {
      env: { PATH: process.env.PATH ?? "", ...environment },
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const contender = new Contender(child);
    await contender.#answer();
    return contender;
  }

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** @throws Error where the program ends instead of answering. */
  async measure(command: Command): Promise<Load> {
    const cpuBefore = cpuSeconds(this.pid);
    this.#child.send(command);
    const measured = (await this.#answer()) as Measured;
    const cpu = cpuSeconds(this.pid) - cpuBefore;
    return {
      ...measured,
      perSecond: measured.events / measured.seconds,
      cpuMicrosecondsPerEvent: (cpu / measured.events) * 1e6,
    };
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, "exit");
    this.#child.disconnect();
    await exit;
  }

  async #answer(): Promise<unknown> {
    const gone = new AbortController();
    const { signal } = gone;
    try {
      return await Promise.race([
        once(this.#child, "message", { signal }).then(([message]: unknown[]) => message),
        once(this.#child, "exit", { signal }).then(([code, killedBy]: (string | number | null)[]) => {
          throw new Error(`the measured program ended (${killedBy ?? `exit code ${code}`})`);
        }),
      ]);
    } finally {
      gone.abort();
    }
  }
}
