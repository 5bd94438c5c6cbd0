import type { Logger } from "pino";

/** Something that keeps (part of) an output from being exported. */
export interface Problem {
  /** The output's key, or another key in Redis. */
  readonly key: string;
  /** A fixed word per kind of problem. */
  readonly reason: string;
  readonly message: string;
}

/** Logs a problem when it appears and when it is gone, however often it is seen in between. */
export class ProblemLog {
  readonly #logger: Logger;
  #known = new Map<string, Problem>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** @param problems all that were found this time. */
  update(problems: readonly Problem[]): void {
    const found = new Map(
      problems.map((problem) => [JSON.stringify([problem.key, problem.reason]), problem]),
    );
    for (const [id, { key, reason, message }] of found) {
      if (!this.#known.has(id)) this.#logger.warn({ key, reason }, `not exported: ${message}`);
    }
    for (const [id, { key, reason }] of this.#known) {
      if (!found.has(id)) this.#logger.info({ key, reason }, "no longer a problem");
    }
    this.#known = found;
  }
}
