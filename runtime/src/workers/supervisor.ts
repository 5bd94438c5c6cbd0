import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { formatDuration } from "@gaugelet/shared/units";
import type { Logger } from "pino";
import { type FunctionPackage, PackageError } from "../packages/package.ts";
import { backOffSeconds } from "./back-off.ts";
import { LoadFailedError } from "./errors.ts";
import { Worker, type WorkerOptions } from "./worker.ts";

/** What a {@link Supervisor} needs. */
export interface SupervisorOptions {
  readonly prepare: (signal: AbortSignal) => Promise<FunctionPackage>;
  readonly worker: WorkerOptions;
  readonly log: Logger;
  readonly onStarted: (worker: Worker) => void;
  /** A worker that was ready ended by itself. */
  readonly onEnded: (reason: string) => void;
}

/** Where a function's worker is. */
export type WorkerState =
  | { readonly kind: "starting" }
  | { readonly kind: "ready"; readonly version: string; readonly pid: number | undefined }
  | { readonly kind: "failing"; readonly reason: string; readonly details: string }
  | { readonly kind: "stopped" };

/**
 * Keeps one worker of a function alive.
 *
 * starting ─ ready ─ (ends by itself) ─ starting, after a back-off that grows with failures in a row
 *    └─ failing (cannot be loaded) ─ starting, after the back-off or at once when the code changes
 *
 * One loop owns all workers: it starts them, hears of their end, and replaces one by another. A changed
 * function is loaded into a second worker while the first goes on; between two calls the live `env` is
 * handed over. Code that cannot be loaded replaces nothing.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #alive = new Set<Worker>();
  #state: WorkerState = { kind: "starting" };
  /** The worker that serves. Only the loop sets it. */
  #worker: Worker | undefined;
  /** The code that was loaded last: what a restart needs, even when its source is away. */
  #package: FunctionPackage | undefined;
  #failures = 0;
  #changed = false;
  #stopped = false;
  /** Aborts the start or the pause that is under way. */
  #interrupt = new AbortController();
  /** Rung when something changed that somebody may wait for. */
  #bell = Promise.withResolvers<void>();
  /** Calls and hand-overs take turns. */
  #turn: Promise<unknown> = Promise.resolve();
  #running: Promise<void> = Promise.resolve();

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  get state(): WorkerState {
    return this.#state;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Note that a call succeeded: the next failure is the first again. */
  noteSuccess(): void {
    this.#failures = 0;
  }

  /** The code changed: load it, instead of an older version that is being loaded. */
  reload(): void {
    this.#changed = true;
    this.#failures = 0;
    this.#interrupt.abort();
    this.#ring();
  }

  /**
   * Do something with the worker, alone with it; waits until there is one.
   *
   * @returns what `work` returns; undefined where the supervisor stops or `signal` aborts before there is one.
   * @throws what `work` throws.
   */
  async use<Result>(
    work: (worker: Worker) => Promise<Result>,
    signal: AbortSignal,
  ): Promise<Result | undefined> {
    const ring = (): void => this.#ring();
    signal.addEventListener("abort", ring);
    try {
      while (!signal.aborted && !this.#stopped) {
        if (this.#worker === undefined) {
          await this.#bell.promise;
          continue;
        }
        const done = await this.#takeTurn(async () => {
          const worker = this.#worker;
          return worker === undefined || signal.aborted ? undefined : { result: await work(worker) };
        });
        if (done !== undefined) return done.result;
      }
      return undefined;
    } finally {
      signal.removeEventListener("abort", ring);
    }
  }

  /** End every process; what they are doing is lost. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#interrupt.abort();
    this.#ring();
    await Promise.all([...this.#alive].map((worker) => worker.stop()));
    await this.#running;
    this.#state = { kind: "stopped" };
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      if (this.#worker === undefined) await this.#bringUp();
      else if (this.#changed) await this.#replace(this.#worker);
      else await this.#watch(this.#worker);
    }
  }

  async #bringUp(): Promise<void> {
    await this.#pause();
    if (this.#stopped) return;
    const worker = await this.#tryStart((error) => this.#reportFailure(error));
    if (worker !== undefined) this.#serve(worker);
  }

  async #watch(worker: Worker): Promise<void> {
    const reason = await Promise.race([worker.ended, this.#bell.promise]);
    if (typeof reason !== "string" || this.#stopped) return;
    this.#worker = undefined;
    this.#state = { kind: "starting" };
    this.#failures += 1;
    const wait = formatDuration(backOffSeconds(this.#failures));
    this.#options.log.error({ reason }, `the function's process ${reason}; a new one starts in ${wait}`);
    this.#options.onEnded(reason);
  }

  async #replace(old: Worker): Promise<void> {
    const stays = "the function changed but cannot be loaded, the old version stays";
    const replacement = await this.#tryStart((error) => {
      const details = error instanceof LoadFailedError ? error.details : "";
      this.#options.log.error({ details }, `${stays}: ${error.message}`);
    }, old.package.version);
    if (replacement === undefined) return;
    const problem = await this.#takeTurn(async () => {
      const found = await handOver(old, replacement);
      if (found === null && !this.#stopped) this.#serve(replacement);
      return found;
    });
    if (this.#stopped) return;
    const { version } = replacement.package;
    if (problem === null)
      this.#options.log.info({ version }, "the function changed; the new version took over");
    else
      this.#options.log.error(
        `the function changed but cannot take over env, the old version stays: ${problem}`,
      );
    await (problem === null ? old : replacement).stop();
  }

  /**
   * Load the function into a new process, from changed code or as it was.
   *
   * @param servedVersion where this is the version, nothing is started.
   * @returns undefined where there is nothing to start, it failed, or a newer change or the end came first.
   */
  async #tryStart(onFailure: (error: Error) => void, servedVersion?: string): Promise<Worker | undefined> {
    this.#interrupt = new AbortController();
    const { signal } = this.#interrupt;
    const known = this.#changed ? undefined : this.#package;
    this.#changed = false;
    try {
      const code =
        known !== undefined && existsSync(known.directory) ? known : await this.#options.prepare(signal);
      signal.throwIfAborted();
      if (code.version === servedVersion) return undefined;
      const worker = await Worker.start(code, this.#options.worker, signal);
      this.#alive.add(worker);
      void worker.ended.then(() => this.#alive.delete(worker));
      if (this.#stopped) await worker.stop();
      this.#package = code;
      return this.#stopped ? undefined : worker;
    } catch (error) {
      if (!signal.aborted) onFailure(error as Error);
      return undefined;
    }
  }

  /** Each reason once, however often it is tried. */
  #reportFailure(error: Error): void {
    this.#failures += 1;
    const details = error instanceof LoadFailedError ? error.details : "";
    const known = error instanceof LoadFailedError || error instanceof PackageError;
    const reason = known ? error.message : `the function's process ${error.message}`;
    const isNews = this.#state.kind !== "failing" || this.#state.reason !== reason;
    this.#state = { kind: "failing", reason, details };
    if (isNews) this.#options.log.error({ details }, `cannot load the function: ${reason}`);
  }

  #serve(worker: Worker): void {
    this.#worker = worker;
    this.#state = { kind: "ready", version: worker.package.version, pid: worker.pid };
    this.#options.onStarted(worker);
    this.#ring();
  }

  async #pause(): Promise<void> {
    const seconds = backOffSeconds(this.#failures);
    if (seconds === 0 || this.#changed) return;
    this.#interrupt = new AbortController();
    await sleep(seconds * 1000, undefined, { signal: this.#interrupt.signal }).catch(() => {});
  }

  async #takeTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return await result;
  }

  #ring(): void {
    this.#bell.resolve();
    this.#bell = Promise.withResolvers<void>();
  }
}

/**
 * Give a new worker the live `env` of the old one. Where the old one has ended, its shards come from what is
 * stored.
 *
 * @returns why the new one cannot go on from there; else null.
 */
async function handOver(old: Worker, replacement: Worker): Promise<string | null> {
  for (const shard of old.shards) {
    let env: Buffer | undefined;
    try {
      env = await old.snapshot(shard);
    } catch {
      return null;
    }
    if (env === undefined) continue;
    try {
      const problem = await replacement.restore(shard, env);
      if (problem !== null) return problem;
    } catch (error) {
      return `the new process ${(error as Error).message}`;
    }
  }
  return null;
}
