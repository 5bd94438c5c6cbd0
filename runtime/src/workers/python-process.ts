import { type ChildProcess, spawn } from "node:child_process";
import { Duplex, type Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { formatDuration } from "@gaugelet/shared/units";
import { WorkerDiedError, WorkerGoneError, WorkerTimeoutError } from "./errors.ts";
import { encodeFrameStart, FrameDecoder } from "./frames.ts";
import { LineSplitter } from "./line-splitter.ts";
import type { Frame } from "./protocol.ts";

/** Folder that holds the Python package `gaugelet_worker`; the same from `src` and from `dist`. */
const PYTHON_FOLDER = fileURLToPath(new URL("../../python", import.meta.url));
/** How long a process whose connection closed may take to end by itself, so that it can be explained. */
const END_GRACE_MILLISECONDS = 500;
/** How long what an ended process wrote may take to arrive. */
const LAST_LINES_MILLISECONDS = 200;
/** What a worker needs of the runtime's own environment. The rest may hold secrets. */
const INHERITED = /^(PATH|HOME|LANG|LC_\w+|TZ|TMPDIR|LD_LIBRARY_PATH|SSL_CERT_\w+)$/;

/** Something that a function wrote: a line of stdout or stderr, or a record of `logging`. */
export type WrittenLine =
  | { readonly stream: "stdout" | "stderr"; readonly text: string }
  | { readonly stream: "logging"; readonly text: string; readonly level: string; readonly logger: string };

/** Where a process's lines go. */
export interface WrittenLines {
  /** @returns false where no more lines are wanted for now. */
  readonly line: (line: WrittenLine) => boolean;
  /** So many further lines were not read. */
  readonly dropped: (count: number) => void;
}

/** How a process is started. */
export interface ProcessOptions {
  /** The Python program. */
  readonly python: string;
  /** The current folder of the process: the function's own, so that it finds its data files. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly lines: WrittenLines;
}

interface PendingRequest {
  readonly resolve: (answer: Frame) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A Python process and the frames to and from it, which travel over descriptors of their own: 3 for
 * frames, 4 for log records. Answers come in the order of the requests.
 *
 * The process leads a process group, so that whatever a function started ends with it.
 */
export class PythonProcess {
  /** Settles when the process has ended, with how it ended in words. */
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;
  readonly #connection: Duplex;
  readonly #pending: PendingRequest[] = [];
  #deathReason: string | undefined;
  #hasEnded = false;

  constructor(options: ProcessOptions) {
    // -P: the current folder is no place to import from by chance.
    this.#child = spawn(options.python, ["-P", "-m", "gaugelet_worker"], {
      cwd: options.directory,
      stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"],
      detached: true,
      env: {
        ...Object.fromEntries(Object.entries(process.env).filter(([name]) => INHERITED.test(name))),
        ...options.environment,
        PYTHONPATH: PYTHON_FOLDER,
        // Functions may lie on a read-only disk, and a stale cache must never win over a changed file.
        PYTHONDONTWRITEBYTECODE: "1",
        PYTHONUTF8: "1",
      },
    });
    this.ended = this.#watchEnd();
    // Without descriptors to spare there are no pipes, and the process ends with an error a moment later.
    this.#connection = (this.#child.stdio?.[3] as Duplex | undefined) ?? silence();
    this.#readAnswers();
    this.#readLines(options.lines);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * Send a message and wait for its answer.
   *
   * @param timeoutSeconds after which the process is killed.
   * @throws WorkerTimeoutError or WorkerDiedError.
   */
  async request(type: number, head: unknown, body: Buffer, timeoutSeconds: number): Promise<Frame> {
    if (this.#hasEnded) throw new WorkerGoneError(await this.ended);
    const answer = new Promise<Frame>((resolve, reject) => this.#pending.push({ resolve, reject }));
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      this.kill(`did not answer within ${formatDuration(timeoutSeconds)}`);
    }, timeoutSeconds * 1000);
    this.#connection.write(encodeFrameStart(type, head, body.length));
    if (body.length > 0) this.#connection.write(body);
    try {
      return await answer;
    } catch (error) {
      if (!timedOut) throw error;
      throw new WorkerTimeoutError(
        `took longer than its limit of ${formatDuration(timeoutSeconds)} and was ended`,
      );
    } finally {
      clearTimeout(timer);
    }
  }

  /** Kill the process and all that it started. */
  kill(reason: string): void {
    this.#deathReason ??= reason;
    this.#killGroup();
  }

  /** Ask the process to end by closing the connection; kill it where it has not after `graceSeconds`. */
  async stop(graceSeconds: number): Promise<void> {
    this.#connection.end();
    const timer = setTimeout(() => this.kill("did not end when asked to"), graceSeconds * 1000);
    await this.ended;
    clearTimeout(timer);
  }

  #watchEnd(): Promise<string> {
    return new Promise((resolve) => {
      const end = (reason: string): void => {
        if (this.#hasEnded) return;
        this.#hasEnded = true;
        // Children that the function left behind.
        this.#killGroup();
        this.#connection.destroy();
        for (const { reject } of this.#pending.splice(0)) reject(new WorkerDiedError(reason));
        resolve(reason);
      };
      this.#child.on("error", (error) => end(`could not be started: ${error.message}`));
      this.#child.on("exit", (code, signal) => end(this.#deathReason ?? explainExit(code, signal)));
    });
  }

  #readAnswers(): void {
    const decoder = new FrameDecoder();
    this.#connection.on("data", (chunk: Buffer) => {
      try {
        for (const frame of decoder.push(chunk)) this.#answer(frame);
      } catch (error) {
        this.kill(`wrote something else than frames: ${(error as Error).message}`);
      }
    });
    const closed = (): void => {
      if (this.#hasEnded) return;
      setTimeout(() => {
        if (!this.#hasEnded) this.kill("closed the descriptor that the runtime talks to it over");
      }, END_GRACE_MILLISECONDS).unref();
    };
    this.#connection.on("end", closed);
    this.#connection.on("error", closed);
  }

  #answer(frame: Frame): void {
    const request = this.#pending.shift();
    if (request === undefined) this.kill("answered what nobody asked");
    else request.resolve(frame);
  }

  #readLines(lines: WrittenLines): void {
    const follow = (descriptor: number, read: (text: string) => WrittenLine): void => {
      const stream = this.#child.stdio?.[descriptor] as Readable | undefined;
      const splitter = new LineSplitter({ line: (text) => lines.line(read(text)), dropped: lines.dropped });
      stream?.on("data", (chunk: Buffer) => splitter.push(chunk));
      stream?.on("end", () => splitter.end());
      stream?.on("error", () => {});
      // A process that the function put into a session of its own may hold the other end for ever.
      void this.ended.then(() => setTimeout(() => stream?.destroy(), LAST_LINES_MILLISECONDS));
    };
    follow(1, (text) => ({ stream: "stdout", text }));
    follow(2, (text) => ({ stream: "stderr", text }));
    follow(4, readRecord);
  }

  #killGroup(): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // ESRCH: the whole group is gone already.
    }
  }
}

/** A connection to nobody. */
function silence(): Duplex {
  return new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() });
}

/** A JSON line of the log descriptor; a function may have written anything there. */
function readRecord(text: string): WrittenLine {
  try {
    const record: unknown = JSON.parse(text);
    const { level, logger, message } = record as Record<string, unknown>;
    if (typeof level === "string" && typeof logger === "string" && typeof message === "string") {
      return { stream: "logging", text: message, level, logger };
    }
  } catch {
    // Not a record: shown as it is.
  }
  return { stream: "stderr", text };
}

function explainExit(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal === "SIGKILL")
    return "was killed by SIGKILL, from outside or because the machine ran out of memory";
  if (signal === "SIGSEGV" || signal === "SIGABRT" || signal === "SIGBUS") {
    return `crashed with ${signal}, a fault in native code`;
  }
  if (signal !== null) return `was ended by ${signal}`;
  return `ended with exit code ${code}, as os._exit(${code}) in the function would make it`;
}
