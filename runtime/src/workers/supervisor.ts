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

/** Changed code that does not replace the version that runs. */
export interface Refusal {
  readonly reason: string;
  readonly details: string;
}

/** Where a function's worker is. */
export type WorkerState =
  /** Never loaded yet. */
  | { readonly kind: "starting" }
  /** It ended by itself; another one is on its way. */
  | { readonly kind: "restarting" }
  | {
      readonly kind: "ready";
      readonly version: string;
      readonly pid: number | undefined;
      /** Why changed code does not run; undefined where what runs is what is there. */
      readonly refused: Refusal | undefined;
    }
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
  /** The code that serves or served last: what a restart needs, even when its source is away. */
  #package: FunctionPackage | undefined;
  #failures = 0;
  #changed = false;
  #stopped = false;
  /** Aborts the start or the pause that is under way. */
  #interrupt = new AbortController();
  #stopping = Promise.withResolvers<void>();
  /** Tries a change again that failed for a reason that may pass. */
  #retry: NodeJS.Timeout | undefined;
  #reloadFailures = 0;
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
    this.#failures = 0;
    this.#reloadFailures = 0;
    this.#interrupt.abort();
    this.#wantChange();
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
    clearTimeout(this.#retry);
    this.#interrupt.abort();
    this.#stopping.resolve();
    this.#ring();
    await Promise.all([...this.#alive].map((worker) => worker.stop()));
    await this.#running;
    this.#state = { kind: "stopped" };
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      if (this.#worker === undefined) await this.#bringUp();
      else if (this.#changed) await this.#replace(this.#worker);
      else await this.#bell.promise;
    }
  }

  async #bringUp(): Promise<void> {
    await this.#pause();
    if (this.#stopped) return;
    const worker = await this.#tryStart((error) => this.#reportFailure(error));
    if (worker !== undefined) this.#serve(worker);
  }

  /** The worker that served ended by itself. Heard at once, whatever the loop is doing. */
  #lost(worker: Worker, reason: string): void {
    if (this.#stopped || this.#worker !== worker) return;
    this.#worker = undefined;
    this.#state = { kind: "restarting" };
    this.#failures += 1;
    const wait = formatDuration(backOffSeconds(this.#failures));
    this.#options.log.error({ reason }, `the function's process ${reason}; a new one starts in ${wait}`);
    this.#options.onEnded(reason);
    this.#ring();
  }

  async #replace(old: Worker): Promise<void> {
    const { log } = this.#options;
    const replacement = await this.#tryStart((error) => {
      const details = error instanceof LoadFailedError ? error.details : "";
      log.error(
        { details },
        `the function changed but cannot be loaded, the old version stays: ${error.message}`,
      );
      this.#refuse({ reason: `cannot be loaded: ${error.message}`, details });
      if (!(error instanceof LoadFailedError)) this.#retryLater();
    }, old.package.version);
    if (replacement === undefined) return;
    const handedOver = this.#takeTurn(async () => {
      if (this.#stopped) return null;
      // Where the old worker has ended meanwhile, what is stored is what the new one goes on from.
      const problem = this.#worker === old ? await handOver(old, replacement, log) : null;
      if (problem === null && !this.#stopped) this.#serve(replacement);
      return problem;
    });
    // A call that waits for Redis must not keep the end waiting.
    const problem = await Promise.race([handedOver, this.#stopping.promise.then(() => null)]);
    if (this.#stopped) return;
    const { version } = replacement.package;
    if (problem === null) log.info({ version }, "the function changed; the new version took over");
    else {
      log.error(`the function changed but cannot take over env, the old version stays: ${problem}`);
      this.#refuse({ reason: `cannot take over env: ${problem}`, details: "" });
    }
    await (problem === null ? old : replacement).stop();
  }

  #refuse(refused: Refusal | undefined): void {
    if (this.#state.kind === "ready") this.#state = { ...this.#state, refused };
  }

  #retryLater(): void {
    this.#reloadFailures += 1;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#wantChange(), backOffSeconds(this.#reloadFailures) * 1000);
  }

  #wantChange(): void {
    this.#changed = true;
    this.#ring();
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
      if (code.version === servedVersion) {
        this.#options.log.info(
          { version: code.version },
          "the function's code is that of the version that runs",
        );
        this.#refuse(undefined);
        return undefined;
      }
      const worker = await Worker.start(code, this.#options.worker, signal);
      this.#alive.add(worker);
      void worker.ended.then(() => this.#alive.delete(worker));
      if (this.#stopped) await worker.stop();
      return this.#stopped ? undefined : worker;
    } catch (error) {
      // The code is not what it was: a restart must not fall back to it.
      if (known === undefined && servedVersion === undefined) this.#package = undefined;
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
    this.#package = worker.package;
    void worker.ended.then((reason) => this.#lost(worker, reason));
    const { version } = worker.package;
    this.#state = { kind: "ready", version, pid: worker.pid, refused: undefined };
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
async function handOver(old: Worker, replacement: Worker, log: Logger): Promise<string | null> {
  for (const shard of old.shards) {
    let env: Buffer | undefined;
    try {
      const snapshot = await old.snapshot(shard);
      env = snapshot.env;
      if (snapshot.problem !== null) {
        log.warn(`${snapshot.problem}; the new version gets the env that was last saved`);
      }
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
