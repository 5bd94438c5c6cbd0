/** Each event takes memory that is many times a small one's own size, and all that a broker gives is read at once. */
const TARGET_EVENTS = 1_000;
const FEWEST_BYTES = 64 * 1024;
const MOST_BYTES = 1024 ** 2;

/** How many bytes of a partition a broker is asked for at once, by the sizes of events that were seen. */
export class FetchSize {
  #bytes = FEWEST_BYTES;

  get bytes(): number {
    return this.#bytes;
  }

  /** More by twice at most, as the next events may be larger or smaller again. */
  saw(events: number, bytes: number): void {
    if (events === 0) return;
    const wanted = Math.ceil((TARGET_EVENTS * bytes) / events);
    this.#bytes = Math.max(FEWEST_BYTES, Math.min(wanted, 2 * this.#bytes, MOST_BYTES));
  }

  /** Nothing came though there is something: the next batch of events is larger, and only given whole. */
  sawTooLittle(): void {
    this.#bytes = Math.min(2 * this.#bytes, MOST_BYTES);
  }
}
