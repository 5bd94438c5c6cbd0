import type { Logger } from "pino";

const MAX_FIELDS = 10;
const NUMBER = /\d[\d,]*/g;

/** Tells of conditions that last when they begin, not at every call. */
export class LastingProblems {
  readonly #log: Logger;
  /** By what the problem is about: the shards that have it. */
  readonly #envProblems = new Map<string, Set<number>>();
  #notFinite = "";

  constructor(log: Logger) {
    this.#log = log;
  }

  /** @param problem why the `env` of a shard cannot be saved; null where it can. */
  env(shard: number, problem: string | null): void {
    // An env that is too large may be so by other bytes each time.
    const kind = problem?.replaceAll(NUMBER, "");
    for (const [other, shards] of this.#envProblems) {
      if (other !== kind && shards.delete(shard) && shards.size === 0) this.#envProblems.delete(other);
    }
    if (kind === undefined) return;
    const shards = this.#envProblems.get(kind);
    if (shards !== undefined) {
      shards.add(shard);
      return;
    }
    this.#envProblems.set(kind, new Set([shard]));
    this.#log.warn(`${problem}; the function goes on, but a restart gives it the env that was last saved`);
  }

  /** @param paths of values in an output that JSON has no number for. */
  notFinite(paths: readonly string[]): void {
    const fields = paths.length === 0 ? "" : paths.slice(0, MAX_FIELDS).join(", ");
    if (fields !== "" && fields !== this.#notFinite) {
      this.#log.warn(`not a finite number, stored as null: ${fields}`);
    }
    this.#notFinite = fields;
  }
}
