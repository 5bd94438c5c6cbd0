import { untilAborted } from "../until-aborted.ts";
import type { Refusal } from "./pool-state.ts";

/** What became of loading code: it runs, unless there is a problem. */
export interface LoadResult {
  readonly problem: Refusal | undefined;
}

/** Says what became of loading the newest code of a function, as soon as that is known. */
export class LoadReport {
  #result: LoadResult | undefined;
  #told = Promise.withResolvers<void>();

  /** Undefined while it is not known. */
  get result(): LoadResult | undefined {
    return this.#result;
  }

  /** There is newer code: what is known is of other code. */
  begin(): void {
    this.#result = undefined;
  }

  tell(result: LoadResult): void {
    this.#result = result;
    this.#told.resolve();
    this.#told = Promise.withResolvers();
  }

  /** @param signal aborted: what is known by then. */
  async settled(signal: AbortSignal): Promise<LoadResult | undefined> {
    while (this.#result === undefined && !signal.aborted) await untilAborted(this.#told.promise, signal);
    return this.#result;
  }
}
