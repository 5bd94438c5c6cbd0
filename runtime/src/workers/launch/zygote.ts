import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Duplex, Readable } from "node:stream";
import type { Logger } from "pino";
import { ANSWERS, type AnswerHead } from "../answers.ts";
import { IsolationError, WorkerDiedError } from "../errors.ts";
import { PlainFrame } from "../frames.ts";
import { type EndHead, type Frame, FrameType, type LaunchHead, type TakenHead } from "../protocol.ts";
import type { LaunchSpec, StartMethod, Transport, TransportListener, WorkerEnd } from "../transport.ts";
import { Channel, connectionOf } from "./channel.ts";
import { explainEnd, explainSignal } from "./explain-end.ts";
import { ProcessTransport, type WorkerStreams } from "./process-transport.ts";
import { type PythonProgram, pythonArguments, pythonEnvironment } from "./python-program.ts";
import { Watchdog } from "./watchdog.ts";
import { openPipes } from "./worker-pipes.ts";

const CONTROL_DESCRIPTOR = 3;
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
  #lastLaunch = 0;
  #isStopping = false;

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
    const { preloaded, missing, capabilities, runtime } = ready;
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
    child.on("error", (error) => this.#fail(`could not be started: ${error.message}`));
    let told: string | undefined;
    const tell = (problem: string): void => {
      told = problem;
      log.error(
        { zygote: child.pid },
        `the Python that workers are forked from ${problem}; they end with it, and all are started anew`,
      );
    };
    this.ended = once(child, "close").then(
      ([code, signal]) => {
        const problem = told ?? (signal ? explainSignal(signal) : `ended with exit code ${code}`);
        // Who waits for the first worker is told in any case.
        if (told === undefined && !this.#isStopping && this.#launches.size > 0) tell(problem);
        this.#fail(problem);
      },
      () => {},
    );
    for (const descriptor of [1, 2]) {
      (child.stdio[descriptor] as Readable | null)?.on("data", (text: Buffer) => {
        log.warn({ zygote: child.pid }, text.toString().trimEnd());
      });
    }
    this.#watchdog = new Watchdog(silenceSeconds, () => {
      tell(`said nothing for ${silenceSeconds} s and was ended`);
      child.kill("SIGKILL");
    });
    this.#channel = new Channel(connectionOf(child.stdio[CONTROL_DESCRIPTOR] as Duplex), {
      onFrame: (frame) => {
        this.#watchdog.heard();
        this.#hear(frame);
      },
      onBroken: (reason) => {
        tell(`wrote what cannot be read and was ended: ${reason}`);
        child.kill("SIGKILL");
      },
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
    const { pid, level, pipes } = await this.#expect(launch.launched.promise);
    const kill = (): void => {
      const end: EndHead = { launch: number };
      this.#channel.send(new PlainFrame(FrameType.end, end));
    };
    let streams: WorkerStreams;
    try {
      streams = openPipes(`/proc/${this.#child.pid}/fd`, pipes);
    } catch (error) {
      kill();
      const { code, message } = error as NodeJS.ErrnoException;
      const advice = code === "EMFILE" ? "; raise the runtime's limit of open files (ulimit -n)" : "";
      const reason = `was not started: the runtime cannot open its pipes: ${message}${advice}`;
      throw new WorkerDiedError({ reason, limit: undefined });
    } finally {
      const taken: TakenHead = { launch: number };
      this.#channel.send(new PlainFrame(FrameType.taken, taken));
    }
    const ended = launch.ended.promise.then(
      (end) => explainEnd(end, spec.limits),
      () => ZYGOTE_ENDED,
    );
    return new ProcessTransport({ pid, startMethod, level, ended, kill }, streams, listener);
  }

  /** End it and its workers. */
  async stop(): Promise<void> {
    this.#isStopping = true;
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
