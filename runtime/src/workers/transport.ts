import type { AnswerHead } from "./answers.ts";
import type { OutgoingFrame, ReceivedFrame } from "./frames.ts";
import type { LaunchHead, LimitName } from "./protocol.ts";

/**
 * The port between a worker and where it runs. Its adapters are in launch/: forked by a zygote, with or without
 * a sandbox, or spawned; a virtual machine is one more.
 */

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

/** How a worker ended. */
export interface WorkerEnd {
  /** In words that follow "the function's process". */
  readonly reason: string;
  /** The limit that ended it, where it was one. */
  readonly limit: LimitName | undefined;
}

/** How a worker's process came to be: forked from a warm zygote, spawned, one of the first, which waited for it to become warm, or in a virtual machine restored from saved memory. */
export const START_METHODS = ["fork", "spawn", "first", "restore"] as const;
export type StartMethod = (typeof START_METHODS)[number];

/** A virtual machine, for people and programs to look at. */
export interface MachineView {
  /** Its host name. */
  readonly name: string;
  /** What runs its code: the processor's own support, or software that imitates one. */
  readonly accelerator: "kvm" | "tcg";
  readonly processors: number;
  /** Memory that it has, in bytes. */
  readonly memorySizeBytes: number;
  readonly uptimeSeconds: number;
  /** What its system said last that is in use; null before it was asked. */
  readonly usage: {
    /** Processes that run or want to, on average over a minute. */
    readonly load: number;
    readonly memoryBytes: number;
    readonly diskBytes: number;
    readonly diskSizeBytes: number;
  } | null;
}

/** What a launcher is told. */
export interface LaunchSpec extends Omit<LaunchHead, "launch"> {
  /** Every environment variable of the process. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Who hears of what comes from a worker. */
export interface TransportListener {
  /** A longer frame is none of a worker's. */
  readonly maxFrameBytes: number;
  /** The frame is good until this returns. */
  readonly onFrame: (frame: ReceivedFrame) => void;
  readonly lines: WrittenLines;
}

/** The way to one worker's process. */
export interface Transport {
  readonly pid: number | undefined;
  readonly startMethod: StartMethod;
  /** What of the isolation could be had. */
  readonly level: AnswerHead<"launched">["level"];
  /** The virtual machine that it is in, where it is in one. */
  readonly machine: MachineView | undefined;
  /** Settles when the process and all that it started are gone. */
  readonly ended: Promise<WorkerEnd>;
  /** Send a frame. Frames of one turn of the event loop travel together, but for the first where it is urgent. */
  send(frame: OutgoingFrame, isUrgent?: boolean): void;
  /** End the process and all that it started, at once; the first reason counts. */
  kill(end: WorkerEnd): void;
  /** Ask the process to end by closing the connection; kill it where it has not after `graceSeconds`. */
  stop(graceSeconds: number): Promise<void>;
}

/** Starts workers. */
export interface Launcher {
  /**
   * @throws IsolationError where the level cannot be had, WorkerDiedError where no process could be started.
   */
  launch(spec: LaunchSpec, listener: TransportListener): Promise<Transport>;
  /** End whatever was started. */
  stop(): Promise<void>;
}
