import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { FunctionPackage } from "../packages/package.ts";
import { backOffSeconds } from "./back-off.ts";
import { type Call, Worker, type WorkerOptions } from "./worker.ts";

/** What a {@link WorkerStarter} needs. */
export interface StarterOptions {
  readonly prepare: (signal: AbortSignal) => Promise<FunctionPackage>;
  readonly worker: WorkerOptions;
  readonly log: Logger;
}

/** What became of a start: a worker; the code that is there runs already; or nothing, which was told. */
export type StartResult<C extends Call> = Worker<C> | "runs already" | undefined;

/** Starts workers of one function, from the code that is there or, while that is away, from what served last. */
export class WorkerStarter<C extends Call> {
  readonly #options: StarterOptions;
  /** The code that serves or served last. */
  #package: FunctionPackage | undefined;
  #hasChanged = false;
  /** Aborts the start or the pause that is under way. */
  #interrupt = new AbortController();

  constructor(options: StarterOptions) {
    this.#options = options;
  }

  /** Version of the code that serves or served last; undefined before the first. */
  get version(): string | undefined {
    return this.#package?.version;
  }

  /** Whether the code may have changed since the last start. */
  get hasChanged(): boolean {
    return this.#hasChanged;
  }

  /** The code may have changed. */
  noteChange(): void {
    this.#hasChanged = true;
  }

  /** A worker serves: its code is what a restart needs. */
  noteServing(worker: Worker<C>): void {
    this.#package = worker.package;
  }

  /** End the start or the pause that is under way. */
  interrupt(): void {
    this.#interrupt.abort();
  }

  /** Wait as `failures` in a row deserve, unless there is news. */
  async pause(failures: number): Promise<void> {
    const seconds = backOffSeconds(failures);
    if (seconds === 0 || this.#hasChanged) return;
    this.#interrupt = new AbortController();
    await sleep(seconds * 1000, undefined, { signal: this.#interrupt.signal }).catch(() => {});
  }

  /**
   * Load the function into a new process, from changed code or as it was.
   *
   * @param servedVersion where this is the version, nothing is started.
   * @param onFailure hears why it failed, unless it was interrupted.
   */
  async start(onFailure: (error: Error) => void, servedVersion?: string): Promise<StartResult<C>> {
    this.#interrupt = new AbortController();
    const { signal } = this.#interrupt;
    const known = this.#hasChanged ? undefined : this.#package;
    this.#hasChanged = false;
    try {
      const code = known !== undefined && isThere(known) ? known : await this.#options.prepare(signal);
      signal.throwIfAborted();
      if (code.version === servedVersion) {
        this.#options.log.info(
          { version: code.version },
          "the function's code is that of the version that runs",
        );
        return "runs already";
      }
      return await Worker.start<C>(code, this.#options.worker, signal);
    } catch (error) {
      // The code is not what it was: a restart must not fall back to it.
      if (known === undefined && servedVersion === undefined) this.#package = undefined;
      if (!signal.aborted) onFailure(error as Error);
      return undefined;
    }
  }
}

/** Whether nobody removed what was unpacked and installed. */
function isThere({ directory, libraries }: FunctionPackage): boolean {
  return existsSync(directory) && (libraries === null || existsSync(libraries));
}
