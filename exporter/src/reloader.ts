import { ConfigurationError } from "@gaugelet/shared/configuration";
import { FilesRead, watchFiles } from "@gaugelet/shared/file-watch";
import type { Logger } from "pino";
import { type Exporter, loadConfiguration } from "./exporter.ts";

/**
 * Takes a changed configuration while the exporter runs: on demand, and when the file changes. One that is wrong
 * changes nothing: the one before stays in force.
 */
export class Reloader {
  readonly #exporter: Exporter;
  readonly #file: string | undefined;
  readonly #logger: Logger;
  readonly #others: (() => Promise<void>)[] = [];
  /** What is wrong with the newest configuration; told once, in however many ways it is asked for. */
  #problem: string | undefined;
  #work: Promise<unknown> = Promise.resolve();
  #read: FilesRead;
  readonly #stopWatching: () => void;

  /** @param read the file as it was when the exporter's configuration was read. */
  constructor(exporter: Exporter, file: string | undefined, read: FilesRead, logger: Logger) {
    this.#exporter = exporter;
    this.#file = file;
    this.#logger = logger;
    this.#read = read;
    exporter.own.reloaded(true);
    this.#stopWatching = watchFiles(
      () => this.#read,
      () => this.reload(),
    );
  }

  /** What is wrong with the newest configuration; undefined where it is in force. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Also do this at each reload; it throws a ConfigurationError where its part is wrong. */
  also(reload: () => Promise<void>): void {
    this.#others.push(reload);
  }

  /** @returns what is wrong with the new configuration; undefined where it is in force now. */
  reload(): Promise<string | undefined> {
    const reloaded = this.#work.then(() => this.#reload());
    this.#work = reloaded;
    return reloaded;
  }

  close(): void {
    this.#stopWatching();
  }

  async #reload(): Promise<string | undefined> {
    const read = new FilesRead();
    try {
      const next = await loadConfiguration(this.#file, read);
      // These may be wrong yet, and then nothing changes.
      for (const reload of this.#others) await reload();
      const isChanged = this.#exporter.use(next);
      this.#problem = undefined;
      this.#exporter.own.reloaded(true);
      this.#logger.info({ isChanged }, "the configuration was read again");
      return undefined;
    } catch (error) {
      this.#exporter.own.reloaded(false);
      const reason = error instanceof ConfigurationError ? error.message : String(error);
      if (reason === this.#problem) return reason;
      this.#problem = reason;
      this.#logger.error({ reason }, "the configuration is wrong; the one before stays in force");
      return reason;
    } finally {
      this.#read = read;
    }
  }
}
