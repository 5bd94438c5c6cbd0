import { ConfigurationError } from "@gaugelet/shared/configuration";
import { FilesRead, watchFiles } from "@gaugelet/shared/file-watch";
import type { Logger } from "pino";
import { explainDatabaseError } from "../database/explain.ts";
import { type Day, dayOf } from "./calendar.ts";
import { firstDifference, type PriceList, readPriceList } from "./price-list.ts";

/** Keeps the list that was accepted last, for all runtimes and over restarts. */
export interface AcceptedPrices {
  read(): Promise<PriceList | undefined>;
  /** @param before what the list was compared with. @returns false where another is kept by now. */
  write(list: PriceList, before: PriceList | undefined): Promise<boolean>;
}

/**
 * The price list that holds. It is read again when its file changes; one that is wrong, or that changes what days cost
 * that are over, is refused, and the one before holds.
 */
export class PriceBook {
  readonly #file: string;
  readonly #log: Logger;
  readonly #now: () => number;
  #read: FilesRead;
  /** As the file says, where that can be used. */
  #written: PriceList;
  #list: PriceList;
  #accepted: AcceptedPrices | undefined;
  #isSettled = true;
  #settling: Promise<void> = Promise.resolve();

  private constructor(file: string, read: FilesRead, list: PriceList, log: Logger, now: () => number) {
    this.#file = file;
    this.#read = read;
    this.#written = list;
    this.#list = list;
    this.#log = log;
    this.#now = now;
  }

  /** @throws ConfigurationError where the list cannot be used. */
  static async open(file: string, log: Logger, now: () => number = Date.now): Promise<PriceBook> {
    const read = new FilesRead();
    await read.add(file);
    return new PriceBook(file, read, await readPriceList(file), log, now);
  }

  get list(): PriceList {
    return this.#list;
  }

  /** Look for changes of the file. @returns a function that stops that. */
  watch(): () => void {
    return watchFiles(
      () => this.#read,
      // Not waited for: the database may be away.
      async () => void this.reload(),
    );
  }

  async reload(): Promise<void> {
    const read = new FilesRead();
    await read.add(this.#file);
    this.#read = read;
    try {
      this.#written = await readPriceList(this.#file);
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      this.#log.error(`the price list changed but cannot be used, the one before holds: ${error.message}`);
      return;
    }
    await this.settle().catch((error: unknown) =>
      this.#log.warn(
        { reason: explainDatabaseError(error) },
        "the price list changed and waits for the database",
      ),
    );
  }

  /** From now on compare with what was accepted before this runtime started, too. */
  async keepIn(accepted: AcceptedPrices): Promise<void> {
    this.#accepted = accepted;
    await this.settle();
  }

  /** Try again what the database was not there for. */
  async retry(): Promise<void> {
    if (!this.#isSettled) await this.settle();
  }

  /** Agree with the other runtimes: take the file's list where it may be taken, else the one that was accepted last. */
  async settle(): Promise<void> {
    this.#isSettled = false;
    // One after the other: what is compared must be what holds.
    this.#settling = this.#settling.catch(() => {}).then(() => this.#settle());
    await this.#settling;
    this.#isSettled = true;
  }

  async #settle(): Promise<void> {
    const stored = await this.#accepted?.read();
    const before = stored ?? (this.#accepted === undefined ? this.#list : undefined);
    const changed = before && forbiddenChange(before, this.#written, dayOf(this.#now()));
    if (changed !== undefined) {
      this.#list = before as PriceList;
      this.#log.error(
        `${this.#file}: it changes what days cost that are over, from ${changed} on, and is refused: begin a new period with today or later, or, to correct bills on purpose, add correctsFrom: ${changed}`,
      );
      return;
    }
    if (JSON.stringify(before) !== JSON.stringify(this.#written)) {
      const isKept = (await this.#accepted?.write(this.#written, before)) ?? true;
      if (!isKept) return await this.#settle();
      this.#log.info({ file: this.#file }, "the price list holds");
    }
    this.#list = this.#written;
  }
}

/** The first day that is over whose prices would change without that being wanted. */
function forbiddenChange(before: PriceList, list: PriceList, today: Day): Day | undefined {
  const changed = firstDifference(before, list, today);
  if (changed === undefined) return undefined;
  const { correctsFrom } = list;
  return correctsFrom !== undefined && correctsFrom <= changed ? undefined : changed;
}
