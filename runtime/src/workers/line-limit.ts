/**
 * How many log lines a function may write: a number per second, the rest counted and told in one line.
 * A pure rule over time given from outside.
 */
export class LineLimit {
  readonly #linesPerSecond: number;
  #second = -1;
  #written = 0;
  #dropped = 0;

  constructor(linesPerSecond: number) {
    this.#linesPerSecond = linesPerSecond;
  }

  /**
   * Ask to write a line now.
   *
   * @param now in milliseconds.
   * @returns whether to write it, and how many lines were dropped since the last time this was not 0.
   */
  take(now: number): { readonly write: boolean; readonly dropped: number } {
    const second = Math.floor(now / 1000);
    let dropped = 0;
    if (second !== this.#second) {
      dropped = this.flush();
      this.#second = second;
      this.#written = 0;
    }
    if (this.#written >= this.#linesPerSecond) {
      this.drop(1);
      return { write: false, dropped };
    }
    this.#written += 1;
    return { write: true, dropped };
  }

  /** Count lines that were dropped unseen. */
  drop(count: number): void {
    this.#dropped += count;
  }

  /** The number of lines dropped and not told yet. */
  flush(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }
}
