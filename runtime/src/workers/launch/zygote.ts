import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type OnReadOpts, type Socket } from "node:net";
import type { Duplex, Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { ANSWERS, type AnswerHead } from "../answers.ts";
import { IsolationError, WorkerDiedError } from "../errors.ts";
import { PlainFrame } from "../frames.ts";
import { type EndHead, type Frame, FrameType, type LaunchHead } from "../protocol.ts";
import type { LaunchSpec, StartMethod, Transport, TransportListener, WorkerEnd } from "../transport.ts";
import { type ByteStream, byteStream, Channel } from "./channel.ts";
import { explainEnd } from "./explain-end.ts";
import { ProcessTransport } from "./process-transport.ts";
import { type PythonProgram, pythonArguments, pythonEnvironment } from "./python-program.ts";
import { Watchdog } from "./watchdog.ts";

const FRAMES_DESCRIPTOR = 3;
const RECORDS_DESCRIPTOR = 4;
/** What Linux says of a local socket whose queue of connections is full. */
const QUEUE_FULL = "EAGAIN";
const QUEUE_PAUSE_MILLISECONDS = 2;
const READ_BYTES = 64 * 1024;
/** A zygote that has closed its end and does not end by itself. */
const END_GRACE_MILLISECONDS = 2_000;
/** How often it is told that it is not ready yet. */
const LONG_START_MILLISECONDS = 30_000;
const ZYGOTE_ENDED: WorkerEnd = {
  reason: "ended with the process that it was forked from",
  limit: undefined,
};

/** How a zygote is started and looked after, as `ZygoteLauncher` is told. */
export interface ZygoteOptions {
  readonly program: PythonProgram;
  readonly preload: readonly string[];
  readonly log: Logger;
  readonly silenceSeconds: number;
}

/** A launch that has been asked for, or a worker that runs. */
interface Launch {
  readonly launched: PromiseWithResolvers<AnswerHead<"launched">>;
  readonly ended: PromiseWithResolvers<AnswerHead<"ended">>;
}

/** One zygote process and the control channel to it. */
export class Zygote {
  /** Settles when it has. */
  readonly ended: Promise<unknown>;
  readonly #child: ChildProcess;
  readonly #channel: Channel;
  readonly #watchdog: Watchdog;
  readonly #launches = new Map<number, Launch>();
  readonly #ready = Promise.withResolvers<AnswerHead<"ready">>();
  #socket = "";
  #lastLaunch = 0;

  /** @throws WorkerDiedError where it ends before it is ready. */
  static async start(options: ZygoteOptions): Promise<Zygote> {
    const started = performance.now();
    const seconds = (): number => Math.round((performance.now() - started) / 1000);
    const telling = setInterval(() => {
      options.log.warn(
        { preload: options.preload },
        `the Python that workers are forked from is not ready after ${seconds()} s: it still imports the modules that GAUGELET_PRELOAD names`,
      );
    }, LONG_START_MILLISECONDS).unref();
    const zygote = new Zygote(options);
    const ready = await zygote.#ready.promise.finally(() => clearInterval(telling));
    const { socket, preloaded, missing, capabilities, runtime } = ready;
    zygote.#socket = socket;
    const milliseconds = Math.round(performance.now() - started);
    options.log.info(
      { preloaded, missing, capabilities },
      `workers are forked from a process with ${[runtime, ...preloaded].join(", ")}, ready after ${milliseconds} ms`,
    );
    return zygote;
  }

  private constructor({ program, preload, log, silenceSeconds }: ZygoteOptions) {
    const child = spawn(program.python, pythonArguments("zygote", preload.join(",")), {
      stdio: ["ignore", "pipe", "pipe", "pipe"],
      detached: true,
      env: pythonEnvironment({}),
    });
    this.#child = child;
    let problem = "ended";
    child.on("error", (error) => {
      problem = `could not be started: ${error.message}`;
      this.#fail(problem);
    });
    this.ended = once(child, "close").then(
      () => this.#fail(problem),
      () => {},
    );
    for (const descriptor of [1, 2]) {
      (child.stdio[descriptor] as Readable | null)?.on("data", (text: Buffer) => {
        log.warn({ zygote: child.pid }, text.toString().trimEnd());
      });
    }
    this.#watchdog = new Watchdog(silenceSeconds, () => {
      problem = `said nothing for ${silenceSeconds} s and was ended`;
      log.error(
        { zygote: child.pid },
        `the Python that workers are forked from ${problem}; they end with it, and all are started anew`,
      );
      child.kill("SIGKILL");
    });
    this.#channel = new Channel(byteStream(child.stdio[3] as Duplex), {
      onFrame: (frame) => {
        this.#watchdog.heard();
        this.#hear(frame);
      },
      onBroken: () => child.kill("SIGKILL"),
      onClosed: () => setTimeout(() => child.kill("SIGKILL"), END_GRACE_MILLISECONDS).unref(),
    });
  }

  /** @throws IsolationError where the level cannot be had, WorkerDiedError where no process could be started. */
  async launch(spec: LaunchSpec, listener: TransportListener, startMethod: StartMethod): Promise<Transport> {
    this.#lastLaunch += 1;
    const number = this.#lastLaunch;
    const launch: Launch = { launched: Promise.withResolvers(), ended: Promise.withResolvers() };
    this.#launches.set(number, launch);
    const { environment, ...rest } = spec;
    const head: LaunchHead = { launch: number, ...rest };
    const body = Buffer.from(JSON.stringify(environment));
    this.#channel.send(new PlainFrame(FrameType.launch, head, body));
    const isWaiting = (): boolean => this.#launches.get(number) === launch;
    const connecting = Promise.all([
      this.#connect(number, 1, isWaiting),
      this.#connect(number, 2, isWaiting),
      this.#connect(number, RECORDS_DESCRIPTOR, isWaiting),
      this.#connectForFrames(number, isWaiting),
    ]);
    try {
      const { pid, level } = await this.#expect(launch.launched.promise);
      const [stdout, stderr, records, frames] = await connecting;
      const ended = launch.ended.promise.then(
        (end) => explainEnd(end, spec.limits),
        () => ZYGOTE_ENDED,
      );
      const end: EndHead = { launch: number };
      const kill = (): void => this.#channel.send(new PlainFrame(FrameType.end, end));
      const streams = { stdout, stderr, frames, records };
      return new ProcessTransport({ pid, startMethod, level, ended, kill }, streams, listener);
    } catch (error) {
      const [stdout, stderr, records, frames] = await connecting;
      for (const socket of [stdout, stderr, frames.stream, records]) socket.destroy();
      throw error;
    }
  }

  /** End it and its workers. */
  async stop(): Promise<void> {
    this.#channel.end();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), END_GRACE_MILLISECONDS);
    await this.ended;
    clearTimeout(timer);
  }

  /** What it says within the time that it may be silent. */
  async #expect<T>(said: Promise<T>): Promise<T> {
    this.#watchdog.expect();
    try {
      return await said;
    } finally {
      this.#watchdog.settle();
    }
  }

  /**
   * A stream to a descriptor of the worker that is about to be launched. Where functions keep the zygote's
   * queue of connections full, it is tried again for as long as the launch is waited for.
   */
  async #connect(
    launch: number,
    descriptor: number,
    isWaiting: () => boolean,
    onread?: OnReadOpts,
  ): Promise<Socket> {
    const preface = Buffer.alloc(8);
    preface.writeUInt32BE(launch, 0);
    preface.writeUInt32BE(descriptor, 4);
    for (;;) {
      const socket = connect({ path: this.#socket, ...(onread && { onread }) });
      // Whoever reads it hears of its end; until somebody does, an error must not be one of the runtime.
      socket.on("error", () => {});
      // Before it is connected, so that one turn of the event loop is enough where the queue is not full.
      socket.write(preface);
      const problem = await once(socket, "connect").then(
        () => undefined,
        (error: NodeJS.ErrnoException) => error,
      );
      if (problem?.code !== QUEUE_FULL || !isWaiting()) return socket;
      await sleep(QUEUE_PAUSE_MILLISECONDS);
    }
  }

  /** As much is read over this one that memory of its own for each chunk would cost more than the rest. */
  async #connectForFrames(launch: number, isWaiting: () => boolean): Promise<ByteStream> {
    let hear: (buffer: Buffer, length: number) => void = () => {};
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    const stream = await this.#connect(launch, FRAMES_DESCRIPTOR, isWaiting, {
      buffer,
      callback: (count) => {
        hear(buffer, count);
        return true;
      },
    });
    const onBytes: ByteStream["onBytes"] = (hearer) => {
      hear = hearer;
    };
    return { stream, onBytes };
  }

  #hear(frame: Frame): void {
    switch (frame.type) {
      case FrameType.ready:
        this.#ready.resolve(ANSWERS.ready.parse(frame.head));
        break;
      case FrameType.launched: {
        const head = ANSWERS.launched.parse(frame.head);
        this.#launches.get(head.launch)?.launched.resolve(head);
        break;
      }
      case FrameType.refused: {
        const { launch, reason } = ANSWERS.refused.parse(frame.head);
        this.#launches.get(launch)?.launched.reject(new IsolationError(reason));
        this.#launches.delete(launch);
        break;
      }
      case FrameType.ended: {
        const head = ANSWERS.ended.parse(frame.head);
        this.#launches.get(head.launch)?.ended.resolve(head);
        this.#launches.delete(head.launch);
      }
    }
  }

  #fail(problem: string): void {
    const error = new WorkerDiedError({
      reason: `was not started: the Python that it is forked from ${problem}`,
      limit: undefined,
    });
    this.#ready.reject(error);
    for (const { launched, ended } of this.#launches.values()) {
      ended.promise.catch(() => {});
      launched.reject(error);
      ended.reject(error);
    }
    this.#launches.clear();
  }
}
