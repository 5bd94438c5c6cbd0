import { stat } from "node:fs/promises";

/** How often files are looked at, in milliseconds. */
const LOOK_EVERY_MS = 1_000;

/**
 * Calls back when files have changed and then been still for one look, so that none is read half written and
 * no certificate with the key of the one before.
 *
 * It looks once a second: notifications are not sent by every file system, nor of the links by which
 * Kubernetes swaps a mounted Secret.
 */
export class FileWatch {
  readonly #onChange: () => Promise<unknown>;
  readonly #timer: NodeJS.Timeout;
  #files: readonly string[];
  #known: string | undefined;
  #previous: string | undefined;
  #looking = false;

  /** @param onChange called once per change, and not again before it is done; does not throw. */
  constructor(files: readonly string[], onChange: () => Promise<unknown>) {
    this.#files = files;
    this.#onChange = onChange;
    this.#timer = setInterval(() => void this.#look(), LOOK_EVERY_MS).unref();
    void this.#look();
  }

  /** From now on look at these. */
  follow(files: readonly string[]): void {
    this.#files = files;
    this.#known = undefined;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    const seen = await stateOf(this.#files);
    this.#known ??= seen;
    if (seen === this.#previous && seen !== this.#known) {
      this.#known = seen;
      await this.#onChange();
    }
    this.#previous = seen;
    this.#looking = false;
  }
}

async function stateOf(files: readonly string[]): Promise<string> {
  const states = files.map(async (file) => {
    const found = await stat(file).catch(() => undefined);
    return `${file} ${found?.size} ${found?.mtimeMs} ${found?.ino}`;
  });
  return (await Promise.all(states)).join("\n");
}
