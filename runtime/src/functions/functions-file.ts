import { ConfigurationError } from "@gaugelet/shared/configuration";
import { FilesRead, watchFiles } from "@gaugelet/shared/file-watch";
import type { Logger } from "pino";
import type { WatchedFile } from "../configuration/environment.ts";
import type { ConfigurationFile } from "../configuration/file.ts";
import type { FunctionSources } from "./function-sources.ts";

/** The functions that the configuration file names, while it changes. */
export class FunctionsFile {
  readonly #file: WatchedFile;
  readonly #sources: FunctionSources;
  readonly #log: Logger;
  #read: FilesRead;
  #reloading: Promise<void> = Promise.resolve();

  constructor(file: WatchedFile, sources: FunctionSources, log: Logger) {
    this.#file = file;
    this.#sources = sources;
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
      () => this.reload(),
    );
  }

  /** Read it again, and have the functions that it names now; those of before, where it cannot be used. */
  async reload(): Promise<void> {
    // One after the other: what was read last holds.
    const reloaded = this.#reloading.then(() => this.#reload());
    this.#reloading = reloaded.catch(() => {});
    await reloaded;
  }

  async #reload(): Promise<void> {
    const read = new FilesRead();
    try {
      const file = await this.#file.readAgain(read);
      await this.#use(file);
      this.#log.info({ functions: file.functions.map(({ name }) => name) }, "configuration read again");
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      this.#log.error(`the configuration changed but cannot be used, what runs goes on: ${error.message}`);
    } finally {
      this.#read = read;
    }
  }

  async #use(file: ConfigurationFile): Promise<void> {
    const { notServed } = file;
    if (notServed.length > 0)
      this.#log.info(
        `not of a class or an isolation that this runtime serves, left to other runtimes: ${notServed.join(", ")}`,
      );
    await this.#sources.setFile(file);
  }
}
