import type { z } from "zod";
import type { FunctionPackage } from "../packages/package.ts";
import { LoadFailedError, WorkerDiedError } from "./errors.ts";
import {
  ANSWERS,
  type AnswerType,
  type Frame,
  FrameType,
  type InvokeHead,
  type LoadHead,
  type ResultHead,
  type ShardHead,
} from "./protocol.ts";
import { type ProcessOptions, PythonProcess } from "./python-process.ts";

/** Importing scientific packages from a slow disk takes its time. */
const LOAD_TIMEOUT_SECONDS = 120;
/** Reading or writing an `env` at its limit. */
const ENV_TIMEOUT_SECONDS = 30;
const STOP_GRACE_SECONDS = 2;
const EMPTY = Buffer.alloc(0);

/** What a worker is told about the function besides its code. */
export interface WorkerOptions extends Omit<ProcessOptions, "directory"> {
  readonly handler: string;
  readonly redis: { readonly host: string; readonly port: number };
  readonly limits: { readonly timeout: number; readonly output: number; readonly env: number };
}

/** One call's answer. */
export interface Invocation {
  readonly result: ResultHead;
  /** The output as JSON; empty unless the outcome is ok. */
  readonly output: Buffer;
  /** The saved `env`; undefined where it could not be saved or the outcome is not ok. */
  readonly env: Buffer | undefined;
}

/** A process that has loaded one function and holds its `env`, one per shard. */
export class Worker {
  readonly package: FunctionPackage;
  /** Seconds from the start of the process to the function being ready. */
  readonly startSeconds: number;
  /** Version of its Python. */
  readonly python: string;
  readonly #process: PythonProcess;
  readonly #options: WorkerOptions;
  readonly #shards = new Set<string>();
  #lastId = 0;

  private constructor(
    process: PythonProcess,
    code: FunctionPackage,
    options: WorkerOptions,
    loaded: { readonly startSeconds: number; readonly python: string },
  ) {
    this.#process = process;
    this.package = code;
    this.#options = options;
    this.startSeconds = loaded.startSeconds;
    this.python = loaded.python;
  }

  /**
   * Start a process and load the function.
   *
   * @param signal aborts the start.
   * @throws LoadFailedError, WorkerDiedError or WorkerTimeoutError; the process is gone then.
   */
  static async start(code: FunctionPackage, options: WorkerOptions, signal: AbortSignal): Promise<Worker> {
    const started = performance.now();
    const process = new PythonProcess({ ...options, directory: code.directory });
    const abort = (): void => process.kill("was ended because it is not wanted any more");
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
    const head: LoadHead = {
      directory: code.directory,
      file: code.file,
      handler: options.handler,
      host: options.redis.host,
      port: options.redis.port,
      limits: { output: options.limits.output, env: options.limits.env },
    };
    try {
      const frame = await process.request(FrameType.load, head, EMPTY, LOAD_TIMEOUT_SECONDS);
      if (frame.type === FrameType.loadFailed) {
        const { message, details } = ANSWERS.loadFailed.parse(frame.head);
        await process.stop(STOP_GRACE_SECONDS);
        throw new LoadFailedError(message, details);
      }
      const { python } = await readAnswer(process, frame, "loaded");
      const startSeconds = (performance.now() - started) / 1000;
      return new Worker(process, code, options, { startSeconds, python });
    } catch (error) {
      process.kill("was ended because the function could not be loaded");
      throw error;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Settles when the process has ended, with how it ended in words. */
  get ended(): Promise<string> {
    return this.#process.ended;
  }

  /** The shards whose `env` this worker holds. */
  get shards(): ReadonlySet<string> {
    return this.#shards;
  }

  /**
   * Give a shard its `env`.
   *
   * @param env what was saved; undefined starts with an empty one.
   * @returns why the saved bytes could not be read, after which the shard has an empty `env`; else null.
   */
  async restore(shard: string, env: Buffer | undefined): Promise<string | null> {
    const head: ShardHead = { shard };
    const frame = await this.#process.request(FrameType.restore, head, env ?? EMPTY, ENV_TIMEOUT_SECONDS);
    const { problem } = await readAnswer(this.#process, frame, "restored");
    this.#shards.add(shard);
    return problem;
  }

  /** The `env` of a shard as it is now, or why it cannot be saved. */
  async snapshot(
    shard: string,
  ): Promise<{ readonly env: Buffer | undefined; readonly problem: string | null }> {
    const head: ShardHead = { shard };
    const frame = await this.#process.request(FrameType.snapshot, head, EMPTY, ENV_TIMEOUT_SECONDS);
    const { problem } = await readAnswer(this.#process, frame, "snapshotted");
    return { env: problem === null ? frame.body : undefined, problem };
  }

  /**
   * Call the handler.
   *
   * @throws WorkerTimeoutError where it took longer than its limit, WorkerDiedError where it ended its process.
   */
  async invoke(call: Omit<InvokeHead, "id">, event: Buffer): Promise<Invocation> {
    this.#lastId += 1;
    const head: InvokeHead = { id: this.#lastId, ...call };
    const frame = await this.#process.request(FrameType.invoke, head, event, this.#options.limits.timeout);
    const result = await readAnswer(this.#process, frame, "result");
    if (result.id !== head.id || result.outputBytes > frame.body.length) return refuse(this.#process);
    const saved = call.keepEnv && result.outcome === "ok" && (result.envProblem ?? null) === null;
    return {
      result,
      output: frame.body.subarray(0, result.outputBytes),
      env: saved ? frame.body.subarray(result.outputBytes) : undefined,
    };
  }

  /** End the process; what it is doing is lost. */
  async stop(): Promise<void> {
    await this.#process.stop(STOP_GRACE_SECONDS);
  }
}

/** The head of an answer; a worker that answers anything else is ended. */
async function readAnswer<Type extends AnswerType>(
  process: PythonProcess,
  frame: Frame,
  type: Type,
): Promise<z.output<(typeof ANSWERS)[Type]>> {
  const head = frame.type === FrameType[type] ? ANSWERS[type].safeParse(frame.head).data : undefined;
  return head === undefined ? refuse(process) : (head as z.output<(typeof ANSWERS)[Type]>);
}

async function refuse(process: PythonProcess): Promise<never> {
  process.kill("wrote an answer that was not asked for");
  throw new WorkerDiedError(await process.ended);
}
