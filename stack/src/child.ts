import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { open } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "./part.ts";

/** How a process ended, in words: `exit code 1`, `SIGKILL`. */
export type Ending = string;

/**
 * A process in a group of its own, so that a terminal's Ctrl-C does not reach it and it can be ended with all
 * that it started. It gets SIGTERM when this process is killed, where the system can do that.
 */
export class Child {
  /** Settles when the process has ended. */
  readonly ended: Promise<Ending>;
  readonly pid: number;
  readonly #process: ChildProcess;

  /**
   * @param log file that its output is added to.
   * @throws Error where the program cannot be run.
   */
  static async start({ command, args, environment }: Command, log: string): Promise<Child> {
    await using output = await open(log, "a");
    const [program = command, ...rest] = [...tiedToThisProcess(), command, ...args];
    const child = spawn(program, rest, {
      detached: true,
      stdio: ["ignore", output.fd, output.fd],
      env: environment,
    });
    await once(child, "spawn");
    return new Child(child);
  }

  private constructor(child: ChildProcess) {
    this.#process = child;
    this.pid = child.pid as number;
    running.add(this);
    this.ended = once(child, "exit").then(() => {
      // Its own children may have outlived it.
      this.kill();
      running.delete(this);
      return child.signalCode ?? `exit code ${child.exitCode}`;
    });
  }

  /** Ask it to end; kill it with its group where it does not in time. */
  async stop(milliseconds: number): Promise<{ readonly killed: boolean }> {
    this.#process.kill("SIGTERM");
    const inTime = await Promise.race([
      this.ended.then(() => true),
      sleep(milliseconds, false, { ref: false }),
    ]);
    if (inTime) return { killed: false };
    this.kill();
    await this.ended;
    return { killed: true };
  }

  /** Kill it and its group at once; nothing happens where it has ended. */
  kill(): void {
    // Later its process id may be another's.
    if (!running.has(this)) return;
    try {
      process.kill(-this.pid, "SIGKILL");
    } catch {
      // Already gone, all of them.
    }
  }
}

const running = new Set<Child>();
// However this process ends, nothing it started stays: this is for ways that no orderly stop covers.
process.on("exit", () => {
  for (const child of running) child.kill();
});

let prefix: readonly string[] | undefined;

/** What to put before a command so that its process ends with this one: on Linux, see prctl(2). */
function tiedToThisProcess(): readonly string[] {
  if (prefix === undefined) {
    const tie = ["setpriv", "--pdeathsig", "TERM", "--"];
    try {
      execFileSync("setpriv", [...tie.slice(1), "true"], { stdio: "ignore", timeout: 5_000 });
      prefix = tie;
    } catch {
      prefix = [];
    }
  }
  return prefix;
}
