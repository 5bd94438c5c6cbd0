import type { Logger } from "pino";

/** Longer than a runtime that is gone keeps its lease. */
const PATIENCE_MILLISECONDS = 7_000;

/**
 * Watches whether another runtime records the runs of this Redis. Where the database is embedded that is no replica: the
 * runs and usage of all runtimes go into its database, and none into this one's.
 */
export class OtherRecorder {
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;
  #problem: string | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** In words why the catalog is not to be used; undefined: it is. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** @param owner who records, in words; undefined: this runtime. */
  hear(owner: string | undefined): void {
    clearTimeout(this.#timer);
    if (owner !== undefined) {
      this.#timer = setTimeout(() => this.#tell(owner), PATIENCE_MILLISECONDS);
      this.#timer.unref();
    } else if (this.#problem !== undefined) {
      this.#problem = undefined;
      this.#log.info("the other runtime is gone: runs come into this one's database, and its API answers");
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #tell(owner: string): void {
    this.#problem =
      `another runtime, ${owner}, records the runs of this Redis into its own database, and an embedded database is` +
      " for one runtime alone; give both one DATABASE_URL, or each a Redis database of its own (REDIS_DB)";
    this.#log.error(`the API does not answer: ${this.#problem}`);
  }
}
