import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { formatDuration } from "@gaugelet/shared/units";
import type { Logger } from "pino";
import { LateSocket } from "./late-socket.ts";

/** The program, which is JavaScript where this is. */
const PROGRAM = fileURLToPath(import.meta.url).replace(/database-process\.([jt]s)$/, "main.$1");

/** What the process says first, on its standard output. */
const READY = "ready";
const IN_USE = "in use";

/** How long a process may take, in milliseconds. It is killed then. */
export interface ProcessPatience {
  /** Until it serves. */
  readonly ready: number;
  /** To end after its connection. */
  readonly end: number;
}

/** One after the other, processes with the database of a folder: each serves one connection, and ends with it. */
export class DatabaseProcess {
  readonly #folder: string;
  readonly #log: Logger;
  readonly #patience: ProcessPatience;
  /** One that is ready and has no connection yet. */
  #next: Promise<Socket> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(folder: string, log: Logger, patience: ProcessPatience) {
    this.#folder = folder;
    this.#log = log;
    this.#patience = patience;
  }

  /**
   * Start it ahead of its first connection, to learn of its problems.
   *
   * @param signal aborted where nobody waits for it any more: to make a database takes seconds.
   * @throws Error where another process uses the folder, for now or for good.
   */
  async start(signal: AbortSignal): Promise<void> {
    this.#next = this.#spawn(signal);
    await this.#next;
  }

  /** What a client connects over: a socket that says `connect` once a process serves its other end. */
  connection(): Socket {
    const next = this.#next ?? this.#spawn();
    this.#next = undefined;
    return new LateSocket(next) as unknown as Socket;
  }

  /** Wait until the last process has ended, and with it the use of the folder: after the last connection. */
  async ended(): Promise<void> {
    const unused = await this.#next?.catch(() => undefined);
    unused?.destroy();
    await this.#last;
  }

  async #spawn(signal?: AbortSignal): Promise<Socket> {
    // The one before may still be writing.
    await this.#last;
    const child = spawn(process.execPath, [PROGRAM, this.#folder], {
      stdio: ["ignore", "pipe", "pipe", "pipe"],
    });
    this.#last = once(child, "close").catch(() => {});
    child.stderr?.on("data", (text: Buffer) =>
      this.#log.warn({ database: child.pid }, text.toString().trimEnd()),
    );
    const kill = (): void => void child.kill("SIGKILL");
    if (signal?.aborted) kill();
    signal?.addEventListener("abort", kill);
    const { ready } = this.#patience;
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      kill();
    }, ready);
    const ended = await firstLine(child);
    const said = isLate ? `it did not serve within ${formatDuration(ready / 1000)}, and was killed` : ended;
    clearTimeout(timer);
    signal?.removeEventListener("abort", kill);
    if (said === IN_USE) {
      // It may be the last one of a runtime that was killed, and has something to write yet.
      throw new Error(
        `${this.#folder} is in use by the database of another runtime; set GAUGELET_STATE_DIR to a folder of this one's own, or DATABASE_URL to a PostgreSQL for both`,
      );
    }
    if (said !== READY) {
      throw new Error(`the embedded database in ${this.#folder} could not be started: ${said}`);
    }
    const socket = child.stdio[3] as Socket;
    socket.once("close", () => this.#endInTime(child));
    return socket;
  }

  /** One that hangs would keep the folder, and the next one waiting, for ever. */
  #endInTime(child: ChildProcess): void {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const timer = setTimeout(() => {
      this.#log.error({ database: child.pid }, "the process of the embedded database hangs, and is killed");
      child.kill("SIGKILL");
    }, this.#patience.end);
    child.once("exit", () => clearTimeout(timer));
  }
}

async function firstLine(child: ChildProcess): Promise<string> {
  const ended = once(child, "close").then(
    ([code, signal]) => `it ended with ${signal ?? code}`,
    (error: Error) => error.message,
  );
  const line = once(child.stdout as NonNullable<typeof child.stdout>, "data").then(([data]) =>
    String(data).trim(),
  );
  return await Promise.race([line, ended]);
}
