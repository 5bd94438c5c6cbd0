import { setTimeout as sleep } from "node:timers/promises";
import { formatDuration } from "@gaugelet/shared/units";
import type { Logger } from "pino";
import type { FunctionPackage } from "../packages/package.ts";
import { PackageError } from "../packages/package.ts";
import { backOffSeconds } from "./back-off.ts";
import { LoadFailedError } from "./errors.ts";
import { Worker, type WorkerOptions } from "./worker.ts";

/** What a {@link Supervisor} needs. */
export interface SupervisorOptions {
  readonly prepare: () => Promise<FunctionPackage>;
  readonly worker: WorkerOptions;
  readonly log: Logger;
  readonly onStarted: (worker: Worker) => void;
  /** A new version is loaded: call {@link Supervisor.current} when no call is under way. */
  readonly onReplacementReady: () => void;
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
 * A changed function is loaded into a second worker while the first goes on; {@link current} hands over
 * between two calls, with the live `env`. Code that cannot be loaded replaces nothing.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #stopping = new AbortController();
  #state: WorkerState = { kind: "starting" };
  #worker: Worker | undefined;
  #replacement: Worker | undefined;
  #failures = 0;
  #hurry = new AbortController();
  #waiting: (() => void)[] = [];
  #keeping: Promise<void> = Promise.resolve();
  #reloading: Promise<void> = Promise.resolve();

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  get state(): WorkerState {
    return this.#state;
  }

  start(): void {
    this.#keeping = this.#keep();
  }

  /** Note that a call succeeded: the next failure is the first again. */
  noteSuccess(): void {
    this.#failures = 0;
  }

  /**
   * The worker to call now, after handing over to a replacement where one is ready. Waits while there is
   * none; undefined once stopped. Not to be called while a call is under way.
   */
  async current(): Promise<Worker | undefined> {
    while (!this.#stopping.signal.aborted) {
      if (this.#replacement !== undefined) await this.#handOver(this.#replacement);
      if (this.#worker !== undefined) return this.#worker;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    return undefined;
  }

  /** The code changed: load it beside the running worker, or try again at once where none runs. */
  reload(): void {
    if (this.#worker === undefined) {
      this.#failures = 0;
      this.#hurry.abort();
      return;
    }
    this.#reloading = this.#reloading.then(() => this.#loadReplacement());
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#hurry.abort();
    this.#wake();
    await Promise.all([this.#worker?.stop(), this.#replacement?.stop()]);
    await Promise.all([this.#keeping, this.#reloading]);
    this.#state = { kind: "stopped" };
  }

  async #keep(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      await this.#pause();
      if (this.#stopping.signal.aborted) return;
      const worker = await this.#tryStart();
      if (worker === undefined) continue;
      this.#adopt(worker);
      await this.#outlive();
    }
  }

  /** Wait until the current worker, and each that replaces it, has ended by itself. */
  async #outlive(): Promise<void> {
    for (;;) {
      const watched = this.#worker;
      if (watched === undefined) return;
      const reason = await watched.ended;
      if (this.#stopping.signal.aborted) return;
      if (this.#worker !== watched) continue;
      this.#worker = undefined;
      this.#state = { kind: "starting" };
      this.#failures += 1;
      const wait = formatDuration(backOffSeconds(this.#failures));
      this.#options.log.error({ reason }, `the function's process ${reason}; a new one starts in ${wait}`);
      this.#options.onEnded(reason);
      return;
    }
  }

  async #tryStart(): Promise<Worker | undefined> {
    try {
      const worker = await Worker.start(
        await this.#options.prepare(),
        this.#options.worker,
        this.#stopping.signal,
      );
      if (!this.#stopping.signal.aborted) return worker;
      await worker.stop();
    } catch (error) {
      this.#failures += 1;
      this.#reportFailure(error as Error);
    }
    return undefined;
  }

  /** Each reason once, however often it is tried. */
  #reportFailure(error: Error): void {
    const details = error instanceof LoadFailedError ? error.details : "";
    const known = error instanceof LoadFailedError || error instanceof PackageError;
    const reason = known ? error.message : `the function's process ${error.message}`;
    const isNews = this.#state.kind !== "failing" || this.#state.reason !== reason;
    this.#state = { kind: "failing", reason, details };
    if (isNews && !this.#stopping.signal.aborted) {
      this.#options.log.error({ details }, `cannot load the function: ${reason}`);
    }
    this.#wake();
  }

  async #loadReplacement(): Promise<void> {
    if (this.#stopping.signal.aborted || this.#worker === undefined) return;
    try {
      const code = await this.#options.prepare();
      if (code.version === (this.#replacement ?? this.#worker).package.version) return;
      const replacement = await Worker.start(code, this.#options.worker, this.#stopping.signal);
      await this.#replacement?.stop();
      this.#replacement = replacement;
      this.#options.onReplacementReady();
      this.#options.log.info({ version: code.version }, "the function changed; the new version takes over");
    } catch (error) {
      const details = error instanceof LoadFailedError ? error.details : "";
      const { message } = error as Error;
      this.#options.log.error(
        { details },
        `the function changed but cannot be loaded, the old version stays: ${message}`,
      );
    }
  }

  async #handOver(replacement: Worker): Promise<void> {
    this.#replacement = undefined;
    const old = this.#worker;
    try {
      for (const shard of old?.shards ?? []) {
        const env = await old?.snapshot(shard);
        if (env !== undefined) await replacement.restore(shard, env);
      }
    } catch {
      // The old worker died on the way: the shards that are missing come from what is stored.
    }
    this.#adopt(replacement);
    await old?.stop();
  }

  #adopt(worker: Worker): void {
    this.#worker = worker;
    this.#state = { kind: "ready", version: worker.package.version, pid: worker.pid };
    this.#options.onStarted(worker);
    this.#wake();
  }

  async #pause(): Promise<void> {
    this.#hurry = new AbortController();
    const seconds = backOffSeconds(this.#failures);
    if (seconds === 0) return;
    await sleep(seconds * 1000, undefined, { signal: this.#hurry.signal }).catch(() => {});
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
