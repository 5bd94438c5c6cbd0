import type { Readable } from "node:stream";
import type { AnswerHead } from "../answers.ts";
import type { OutgoingFrame } from "../frames.ts";
import { LineSplitter } from "../line-splitter.ts";
import type {
  MachineView,
  StartMethod,
  Transport,
  TransportListener,
  WorkerEnd,
  WrittenLine,
  WrittenLines,
} from "../transport.ts";
import { Channel, type Connection } from "./channel.ts";

/** How long a process whose connection closed may take to end by itself, so that it can be explained. */
const END_GRACE_MILLISECONDS = 500;
/** How long what an ended process wrote may take to arrive. */
const LAST_LINES_MILLISECONDS = 200;

/** The streams of a worker's descriptors, as docs/reference/worker-protocol.md numbers them. */
export interface WorkerStreams {
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly frames: Connection;
  readonly records: Readable;
}

/** A process as its launcher knows it. */
export interface LaunchedProcess {
  readonly pid: number | undefined;
  readonly startMethod: StartMethod;
  readonly level: AnswerHead<"launched">["level"];
  /** Settles when all of it is gone. */
  readonly ended: Promise<WorkerEnd>;
  /** End all of it, at once. */
  readonly kill: () => void;
  /** It is not asked to end, but ended: what would have to hear of it may not. */
  readonly isDeaf?: true;
  /** The virtual machine that it is in. */
  readonly machine?: () => MachineView;
}

/** A worker that is a process on this machine, with a stream to each of its descriptors. */
export class ProcessTransport implements Transport {
  readonly ended: Promise<WorkerEnd>;
  readonly #process: LaunchedProcess;
  readonly #channel: Channel;
  #killedFor: WorkerEnd | undefined;
  #hasEnded = false;

  constructor(launched: LaunchedProcess, streams: WorkerStreams, listener: TransportListener) {
    this.#process = launched;
    const hearer = {
      onFrame: listener.onFrame,
      onBroken: (problem: string) =>
        this.kill({ reason: `wrote something else than frames: ${problem}`, limit: undefined }),
      onClosed: () => this.#expectEnd(),
    };
    this.#channel = new Channel(streams.frames, hearer, listener.maxFrameBytes);
    this.ended = launched.ended.then((end) => {
      this.#hasEnded = true;
      this.#channel.destroy();
      return this.#killedFor ?? end;
    });
    this.#follow(streams.stdout, listener.lines, (text) => ({ stream: "stdout", text }));
    this.#follow(streams.stderr, listener.lines, (text) => ({ stream: "stderr", text }));
    this.#follow(streams.records, listener.lines, readRecord);
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get startMethod(): StartMethod {
    return this.#process.startMethod;
  }

  get machine(): MachineView | undefined {
    return this.#process.machine?.();
  }

  get level(): LaunchedProcess["level"] {
    return this.#process.level;
  }

  send(frame: OutgoingFrame, isUrgent?: boolean): void {
    this.#channel.send(frame, isUrgent);
  }

  kill(end: WorkerEnd): void {
    this.#killedFor ??= end;
    // What such a process says from now on is worth nothing.
    this.#channel.close();
    if (!this.#hasEnded) this.#process.kill();
  }

  async stop(graceSeconds: number): Promise<void> {
    if (this.#process.isDeaf) {
      this.kill({ reason: "was ended with its virtual machine", limit: undefined });
      await this.ended;
      return;
    }
    this.#channel.end();
    const timer = setTimeout(
      () => this.kill({ reason: "did not end when asked to", limit: undefined }),
      graceSeconds * 1000,
    );
    await this.ended;
    clearTimeout(timer);
  }

  #expectEnd(): void {
    if (this.#hasEnded) return;
    setTimeout(() => {
      const reason = "closed the descriptor that the runtime talks to it over";
      if (!this.#hasEnded) this.kill({ reason, limit: undefined });
    }, END_GRACE_MILLISECONDS).unref();
  }

  #follow(stream: Readable, lines: WrittenLines, read: (text: string) => WrittenLine): void {
    const splitter = new LineSplitter({ line: (text) => lines.line(read(text)), dropped: lines.dropped });
    stream.on("data", (chunk: Buffer) => splitter.push(chunk));
    stream.on("end", () => splitter.end());
    stream.on("error", () => {});
    // A process that the function put into a session of its own may hold the other end for ever.
    void this.ended.then(() => setTimeout(() => stream.destroy(), LAST_LINES_MILLISECONDS));
  }
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
