import type { Logger } from "pino";

/** Logs when a source goes away and when it answers again, once each. */
export class AwayLog {
  readonly #logger: Logger;
  readonly #what: string;
  /** Why it is away; undefined while it answers. */
  #reason: string | undefined;
  /** Whether the log was told that it is away. */
  #isTold = false;

  /**
   * @param what the source, for people: `Redis`.
   * @param reason why it is away at first; undefined where it is not known to be.
   */
  constructor(logger: Logger, what: string, reason: string | undefined) {
    this.#logger = logger;
    this.#what = what;
    this.#reason = reason;
  }

  /** Why it is away; undefined while it answers. */
  get reason(): string | undefined {
    return this.#reason;
  }

  up(): void {
    if (this.#reason !== undefined) this.#logger.info(`${this.#what} answers`);
    this.#reason = undefined;
    this.#isTold = false;
  }

  away(reason: string): void {
    if (this.#reason === reason) return;
    const wasAway = this.#reason !== undefined && this.#isTold;
    this.#reason = reason;
    this.#isTold = true;
    // A Redis that stops first ends the connection, and then refuses others: it goes away once all the same.
    if (wasAway) this.#logger.info({ reason }, `still no answer from ${this.#what}, for another reason`);
    else this.#logger.warn({ reason }, `${this.#what} is away; no outputs are exported until it answers`);
  }
}
