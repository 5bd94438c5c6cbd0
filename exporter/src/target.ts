import type { Logger } from "pino";
import { GzipCache } from "./exposition/gzip-cache.ts";
import type { OutputStore } from "./exposition/output-store.ts";
import type { Dialect } from "./exposition/text.ts";
import { type Problem, ProblemLog } from "./problem-log.ts";
import { type Source, SourceAwayError } from "./sources/source.ts";

/** A source with the store that it fills: what one scrape is about. */
export class Target {
  readonly store: OutputStore;
  readonly #source: Source;
  readonly #problemLog: ProblemLog;
  readonly #gzip = new Map<string, GzipCache>();
  #updating: Promise<string | undefined> | undefined;
  /** What was last told to the log. */
  #told: string | undefined;

  constructor(source: Source, store: OutputStore, logger: Logger) {
    this.#source = source;
    this.store = store;
    this.#problemLog = new ProblemLog(logger);
  }

  /**
   * Bring the text up to date. Scrapes at the same time share the work.
   *
   * @param within how long the scraper waits, in milliseconds.
   * @returns why the source is away; undefined where it answered.
   */
  async refresh(within: number): Promise<string | undefined> {
    this.#updating ??= this.#update().finally(() => {
      this.#updating = undefined;
    });
    const { promise: late, resolve } = Promise.withResolvers<string>();
    const timer = setTimeout(
      () => resolve("no complete answer within the time that the scraper waits"),
      within,
    );
    try {
      return await Promise.race([this.#updating, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Whether what was asked for is there: without it nobody would be told that the one output is none. */
  get isFulfilled(): boolean {
    const { only } = this.#source;
    return only === undefined || this.store.isExported(only);
  }

  /** What keeps outputs, or parts of them, from being exported now. */
  get problems(): readonly Problem[] {
    return [...this.#source.problems, ...this.store.problems];
  }

  /** The text of all outputs, in pieces. */
  pieces(dialect: Dialect): readonly Buffer[] {
    return this.store.pieces(dialect);
  }

  /**
   * The text of all outputs to be sent: it stays as it is until `release` is called.
   *
   * It is put together before it is held, since nobody is sending it yet: so it can use the memory of the one before.
   */
  hold(dialect: Dialect): { readonly pieces: readonly Buffer[]; readonly release: () => void } {
    const pieces = this.store.pieces(dialect);
    return { pieces, release: this.store.hold() };
  }

  /** These pieces compressed; what did not change since the last time is ready. */
  gzipped(dialect: Dialect, pieces: readonly Buffer[]): Promise<readonly Buffer[]> {
    const id = `${dialect.format} ${dialect.scheme}`;
    const cache = this.#gzip.get(id) ?? new GzipCache();
    this.#gzip.set(id, cache);
    return cache.compress(pieces);
  }

  close(): void {
    this.#source.close();
  }

  async #update(): Promise<string | undefined> {
    try {
      await this.#source.update();
    } catch (error) {
      if (!(error instanceof SourceAwayError)) throw error;
      return error.message;
    }
    this.store.expire(Date.now());
    this.#tellProblems();
    return undefined;
  }

  #tellProblems(): void {
    const found = this.#source.problems;
    const state = `${this.store.version} ${found.map(({ key, reason }) => `${reason} ${key}`).join()}`;
    if (state === this.#told) return;
    this.#told = state;
    this.#problemLog.update(this.problems);
  }
}
