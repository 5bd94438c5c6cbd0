import type { Logger } from "pino";

const MAX_FIELDS = 10;

/** Tells of conditions that last when they begin, not at every call. */
export class LastingProblems {
  readonly #log: Logger;
  #envProblem: string | null = null;
  #notFinite = "";

  constructor(log: Logger) {
    this.#log = log;
  }

  /** @param problem why the `env` cannot be saved; null where it can. */
  env(problem: string | null): void {
    if (problem !== null && problem !== this.#envProblem) {
      this.#log.warn(`${problem}; the function goes on, but a restart gives it the env that was last saved`);
    }
    this.#envProblem = problem;
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
