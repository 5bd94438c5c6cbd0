import { formatDuration } from "@gaugelet/shared/units";
import type { FunctionPackage } from "../packages/package.ts";
import { Activity } from "./activity.ts";
import { ANSWERS, type AnswerHead, type AnswerType } from "./answers.ts";
import type { CallLogs } from "./call-logs.ts";
import { type CallResult, readCallResult } from "./call-result.ts";
import { CpuWatch } from "./cpu-watch.ts";
import { LoadFailedError, WorkerDiedError } from "./errors.ts";
import { InvokeFrame, PlainFrame, type ReceivedFrame } from "./frames.ts";
import { endAtLimit } from "./launch/explain-end.ts";
import { PendingAnswers } from "./pending.ts";
import { type LineOptions, ProcessLines } from "./process-lines.ts";
import { type Frame, FrameType, type LoadHead, type RestoreHead, type SnapshotHead } from "./protocol.ts";
import type { Launcher, LaunchSpec, Transport, WorkerEnd } from "./transport.ts";

/** Importing scientific packages from a slow disk takes its time. */
const LOAD_TIMEOUT_SECONDS = 120;
/** Reading or writing an `env` at its limit. */
const ENV_TIMEOUT_SECONDS = 30;
const STOP_GRACE_SECONDS = 2;
/** What a frame has beside an output or an `env`: a head with a traceback, and numbers. */
const BESIDE_BODY_BYTES = 2 * 1024 * 1024;
const EMPTY = Buffer.alloc(0);
const NOT_ASKED_FOR = "wrote an answer that was not asked for";

/** What a worker is told about the function besides its code. */
export interface WorkerOptions extends LineOptions {
  readonly launcher: Launcher;
  /** All that the launcher needs but the folder of the code. */
  readonly launch: Omit<LaunchSpec, "directory">;
  readonly handler: string;
  readonly redis: { readonly host: string; readonly port: number };
  /** Seconds of a call, bytes of an output and of a saved `env`, processor seconds of a call. */
  readonly limits: {
    readonly timeout: number;
    readonly output: number;
    readonly env: number;
    readonly cpu: number | null;
  };
}

/** One call as a worker takes it. */
export interface Call {
  /** The event's bytes. */
  readonly body: Buffer;
  /** The event's own context as `headTextOf` writes it. */
  readonly headText: string;
  /** Whether the event is a list of events. */
  readonly isList: boolean;
}

/** An `env` as it was after a call. */
export interface SavedEnv {
  /** The last call that it holds. */
  readonly id: number;
  /** The saved bytes; undefined where they are those of the last time or could not be made. */
  readonly env: Buffer | undefined;
  /** Why they could not be made. */
  readonly problem: string | null;
}

/** Who hears of a worker's calls. */
export interface WorkerListener<C extends Call> {
  readonly onResult: (call: C, result: CallResult) => void;
  readonly onSaved: (shard: number, saved: SavedEnv) => void;
}

/** A process that has loaded one function and holds its `env`, one per shard. Answers come in order. */
export class Worker<C extends Call = Call> {
  readonly package: FunctionPackage;
  /** Settles when the process has ended. */
  readonly ended: Promise<WorkerEnd>;
  readonly #transport: Transport;
  readonly #options: WorkerOptions;
  readonly #pending = new PendingAnswers<C>((timeout) => this.#endLate(timeout));
  readonly #shards = new Set<number>();
  readonly #activity: Activity;
  #lastId = 0;
  #listener: WorkerListener<C> | undefined;
  #loaded: AnswerHead<"loaded"> | undefined;
  #startSeconds = 0;
  #end: WorkerEnd | undefined;
  #isStopped = false;
  /** What its calls write, where that is kept. */
  readonly logs: CallLogs | undefined;
  /** The most memory that the process has used so far, as its last answer said. */
  memoryBytes = 0;

  /**
   * Start a process and load the function.
   *
   * @param signal aborts the start.
   * @throws LoadFailedError, IsolationError or WorkerDiedError; the process is gone then.
   */
  static async start<C extends Call>(
    code: FunctionPackage,
    options: WorkerOptions,
    signal: AbortSignal,
  ): Promise<Worker<C>> {
    const before = performance.now();
    const activity = new Activity();
    const lines = new ProcessLines(options, () => activity.calls > 0);
    // Nothing comes before `load` is sent.
    let hear: (frame: ReceivedFrame) => void = () => {};
    const { directory, libraries } = code;
    const readOnly = [...options.launch.readOnly, ...(libraries === null ? [] : [libraries])];
    const spec: LaunchSpec = { ...options.launch, directory, readOnly };
    const maxFrameBytes = Math.max(options.limits.output, options.limits.env) + BESIDE_BODY_BYTES;
    const onFrame = (frame: ReceivedFrame): void => hear(frame);
    const transport = await options.launcher.launch(spec, { maxFrameBytes, onFrame, lines });
    const started = new Worker<C>(code, options, { transport, lines, activity });
    hear = (frame) => started.#hear(frame);
    const abort = (): void => started.#kill("was ended because it is not wanted any more");
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
    try {
      await started.#load();
      const now = performance.now();
      activity.begin(now);
      started.#startSeconds = (now - before) / 1000;
      return started;
    } catch (error) {
      started.#kill("was ended because the function could not be loaded");
      throw error;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  private constructor(
    code: FunctionPackage,
    options: WorkerOptions,
    parts: { readonly transport: Transport; readonly lines: ProcessLines; readonly activity: Activity },
  ) {
    const { transport, lines, activity } = parts;
    this.package = code;
    this.#options = options;
    this.#transport = transport;
    this.#activity = activity;
    this.logs = lines.logs;
    this.ended = transport.ended.then((end) =>
      lines.saidMemoryIsFull && end.limit === undefined ? endAtLimit("memory", options.launch.limits) : end,
    );
    const cpuWatch = this.#watchCpu();
    void this.ended.then((end) => {
      this.#end = end;
      cpuWatch?.stop();
      this.#pending.stop();
      for (const pending of this.#pending.all) {
        if (pending.kind === "request") pending.reject(new WorkerDiedError(end));
      }
    });
  }

  get pid(): number | undefined {
    return this.#transport.pid;
  }

  get startMethod(): Transport["startMethod"] {
    return this.#transport.startMethod;
  }

  /** What of the isolation could be had. */
  get level(): Transport["level"] {
    return this.#transport.level;
  }

  /** The virtual machine that it is in, where it is in one. */
  get machine(): Transport["machine"] {
    return this.#transport.machine;
  }

  /** Seconds from asking for a process to the function being ready. */
  get startSeconds(): number {
    return this.#startSeconds;
  }

  /** Language and version. */
  get runtime(): string {
    return this.#loaded?.runtime ?? "";
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  /** Whether its end was asked for by {@link stop}, whether it has come or not. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** The numbers of the shards whose `env` this worker holds. */
  get shards(): ReadonlySet<number> {
    return this.#shards;
  }

  /** Another worker may have gone on with a shard: what this one has of it is out of date. */
  forget(shard: number): void {
    this.#shards.delete(shard);
  }

  /** Since when its first unanswered call has run, on the clock of performance.now(). */
  get workingSince(): number {
    return this.#pending.since;
  }

  /** Calls that are not answered yet. */
  get inFlight(): number {
    return this.#activity.calls;
  }

  /** Number of the call that runs now; undefined: none. */
  get #currentCall(): number | undefined {
    const { first } = this.#pending;
    return first?.kind === "call" ? first.id : undefined;
  }

  /** The calls that are not answered yet, oldest first. */
  get unanswered(): C[] {
    return this.#pending.all.flatMap((pending) => (pending.kind === "call" ? [pending.call] : []));
  }

  /** Milliseconds that this worker has had calls, up to now. */
  busyMilliseconds(now: number): number {
    return this.#activity.busyMilliseconds(now);
  }

  /** When it last had something to do, on the clock of performance.now(). */
  lastUsed(now: number): number {
    return this.#activity.lastUsed(now);
  }

  /** Say who hears of the calls. */
  listen(listener: WorkerListener<C>): void {
    this.#listener = listener;
  }

  /**
   * Begin a shard.
   *
   * @param env what was saved; undefined begins with an empty one.
   * @returns why the saved bytes could not be read, after which the shard has an empty `env`; else null.
   */
  async restore(head: RestoreHead, env: Buffer | undefined): Promise<string | null> {
    this.#activity.restoring();
    try {
      const frame = await this.#request(FrameType.restore, head, env ?? EMPTY, ENV_TIMEOUT_SECONDS);
      const { problem } = await this.#read(frame, "restored");
      this.#shards.add(head.shard);
      return problem;
    } finally {
      this.#activity.restored(performance.now());
    }
  }

  /** The `env` of a shard as it is now, or why it cannot be saved. */
  async snapshot(
    shard: number,
  ): Promise<{ readonly env: Buffer | undefined; readonly problem: string | null }> {
    const head: SnapshotHead = { shard };
    const frame = await this.#request(FrameType.snapshot, head, EMPTY, ENV_TIMEOUT_SECONDS);
    const { problem } = await this.#read(frame, "snapshotted");
    return { env: problem === null ? frame.body : undefined, problem };
  }

  /**
   * Call the handler. What it came to is heard by the listener; a worker that ends leaves it in `unanswered`.
   *
   * @param lastExecution Unix milliseconds, NaN before the first.
   * @param now on the clock of performance.now().
   * @returns the call's id.
   */
  invoke(call: C, shard: number, lastExecution: number, now: number): number {
    this.#lastId = (this.#lastId + 1) >>> 0;
    const id = this.#lastId;
    const isIdle = this.#activity.calls === 0;
    this.#activity.called(now);
    this.#pending.push({ kind: "call", call, id, timeout: this.#options.limits.timeout }, now);
    // A worker with nothing to do begins at once; what comes after it meanwhile travels together.
    this.#transport.send(
      new InvokeFrame(id, shard, lastExecution, call.headText, call.body, call.isList),
      isIdle,
    );
    return id;
  }

  /** End the process; what it is doing is lost. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#transport.stop(STOP_GRACE_SECONDS);
  }

  async #load(): Promise<void> {
    const { handler, redis, launch } = this.#options;
    const { output, env, cpu } = this.#options.limits;
    const head: LoadHead = {
      directory: this.package.directory,
      libraries: this.package.libraries,
      file: this.package.file,
      handler,
      host: redis.host,
      port: redis.port,
      limits: { ...launch.limits, cpu, output, env },
    };
    const frame = await this.#request(FrameType.load, head, EMPTY, LOAD_TIMEOUT_SECONDS);
    if (frame.type === FrameType.loadFailed) {
      const { message, details } = ANSWERS.loadFailed.parse(frame.head);
      await this.stop();
      throw new LoadFailedError(message, details);
    }
    this.#loaded = await this.#read(frame, "loaded");
  }

  async #request(type: number, head: object, body: Buffer, timeout: number): Promise<Frame> {
    if (this.#end !== undefined) throw new WorkerDiedError(this.#end);
    return await new Promise((resolve, reject) => {
      this.#pending.push({ kind: "request", timeout, resolve, reject }, performance.now());
      this.#transport.send(new PlainFrame(type, head, body));
    });
  }

  #hear(frame: ReceivedFrame): void {
    if (frame.type === FrameType.saved) {
      this.#hearSaved(frame);
      return;
    }
    const { first } = this.#pending;
    if (first === undefined) this.#kill("answered what nobody asked");
    else if (first.kind === "call") this.#hearResult(frame, first.call, first.id);
    else {
      this.#pending.shift(performance.now());
      const { type, head, body } = frame;
      first.resolve({ type, head, body });
    }
  }

  #hearResult(frame: ReceivedFrame, call: C, id: number): void {
    const result = readCallResult(frame, id);
    if (result === undefined || result.output.length > this.#options.limits.output) {
      // The call stays unanswered: what this process says is worth nothing.
      this.#kill(NOT_ASKED_FOR);
      return;
    }
    const now = performance.now();
    this.#pending.shift(now);
    this.#activity.answered(now);
    try {
      this.#listener?.onResult(call, result);
    } catch (error) {
      this.#killForFault(error as Error);
    }
  }

  #hearSaved(frame: ReceivedFrame): void {
    const head = ANSWERS.saved.safeParse(frame.head).data;
    if (head === undefined || frame.bodyEnd - frame.bodyStart > this.#options.limits.env) {
      this.#kill(NOT_ASKED_FOR);
      return;
    }
    const { shard, id, problem, unchanged } = head;
    const env = problem !== null || unchanged ? undefined : frame.body;
    try {
      this.#listener?.onSaved(shard, { id, problem, env });
    } catch (error) {
      this.#killForFault(error as Error);
    }
  }

  /** Whoever listens has failed, which must not look as if the worker had said what cannot be read. */
  #killForFault({ stack }: Error): void {
    const [what, where = ""] = String(stack).split("\n");
    this.#kill(
      `was ended by a fault of the runtime, which could not take its answer: ${what} ${where.trim()}`,
    );
  }

  /** The head of an answer; a worker that answers anything else is ended. */
  async #read<Type extends AnswerType>(frame: Frame, type: Type): Promise<AnswerHead<Type>> {
    const head =
      frame.type === FrameType[type as keyof typeof FrameType]
        ? (ANSWERS[type].safeParse(frame.head).data as AnswerHead<Type> | undefined)
        : undefined;
    if (head !== undefined) return head;
    this.#kill(NOT_ASKED_FOR);
    throw new WorkerDiedError(await this.ended);
  }

  /** Undefined where a call's processor time has no limit, or cannot be looked at from here. */
  #watchCpu(): CpuWatch | undefined {
    const { pid } = this.#transport;
    const { launch, limits } = this.#options;
    const { cpu } = limits;
    if (pid === undefined || cpu === null) return undefined;
    const end = endAtLimit("cpu", { ...launch.limits, cpu });
    return new CpuWatch(
      pid,
      cpu,
      () => this.#currentCall,
      () => this.#transport.kill(end),
    );
  }

  #endLate(timeout: number): void {
    const reason = `took longer than its limit of ${formatDuration(timeout)} and was ended`;
    this.#transport.kill({ reason, limit: "timeout" });
  }

  #kill(reason: string): void {
    this.#transport.kill({ reason, limit: undefined });
  }
}
