import { ConfigurationError } from "@gaugelet/shared/configuration";
import { FilesRead, watchFiles } from "@gaugelet/shared/file-watch";
import type { Logger } from "pino";
import type { WatchedFile } from "../configuration/environment.ts";
import type { ConfigurationFile } from "../configuration/file.ts";
import type { ConfigurationMetrics } from "../observability/configuration-metrics.ts";
import type { FunctionSources } from "./function-sources.ts";

/** The functions that the configuration file names, while it changes. */
export class FunctionsFile {
  readonly #file: WatchedFile;
  readonly #sources: FunctionSources;
  readonly #metrics: ConfigurationMetrics;
  readonly #log: Logger;
  /** Why what it says now is not in force; undefined: it is. */
  problem: string | undefined;
  #read: FilesRead;
  #changing: Promise<unknown> = Promise.resolve();

  constructor(file: WatchedFile, sources: FunctionSources, metrics: ConfigurationMetrics, log: Logger) {
    this.#file = file;
    this.#sources = sources;
    this.#metrics = metrics;
    this.#log = log;
    this.#read = file.read;
  }

  /** Have the functions that it named when it was read first. */
  async begin(): Promise<void> {
    await this.#use(this.#file);
  }

  /** Look for changes. @returns a function that stops that. */
  watch(): () => void {
    return watchFiles(
      () => this.#read,
      // What takes long to stop must not keep the next change from being noticed.
      () => this.#change(),
    );
  }

  /** Read it again, and have the functions that it names now; those of before, where it cannot be used. */
  async reload(): Promise<void> {
    await (await this.#change())?.settled;
  }

  /** One after the other: what was read last holds. @returns undefined where it cannot be used. */
  #change(): Promise<{ readonly settled: Promise<void> } | undefined> {
    const change = this.#changing.then(() => this.#readAgain());
    this.#changing = change.catch(() => {});
    return change;
  }

  async #readAgain(): Promise<{ readonly settled: Promise<void> } | undefined> {
    const read = new FilesRead();
    try {
      const file = await this.#file.readAgain(read);
      return { settled: this.#useChanged(file) };
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      this.problem = error.message;
      this.#metrics.refused();
      this.#log.error(`the configuration changed but cannot be used, what runs goes on: ${error.message}`);
      return undefined;
    } finally {
      this.#read = read;
    }
  }

  async #useChanged(file: ConfigurationFile): Promise<void> {
    await this.#use(file);
    this.#log.info({ functions: file.functions.map(({ name }) => name) }, "configuration read again");
  }

  async #use(file: ConfigurationFile): Promise<void> {
    this.problem = undefined;
    this.#metrics.taken();
    const { notServed } = file;
    if (notServed.length > 0)
      this.#log.info(
        `not of a class or an isolation that this runtime serves, left to other runtimes: ${notServed.join(", ")}`,
      );
    await this.#sources.setFile(file);
  }
}
