/** What a reply is to hold: more costs memory and holds the others up, less costs round trips. */
const TARGET_BYTES = 512 * 1024;
/** Also bounds what a reply may be where events are suddenly as large as they get. */
const MOST_EVENTS = 256;
const FIRST_EVENTS = 64;

/** How many events of a topic are read at once, by the sizes that were seen. */
export class BatchSize {
  #count = FIRST_EVENTS;
  /** Of an event, in the last batch. */
  #bytes = 0;

  get count(): number {
    return this.#count;
  }

  /** Less at once where events are larger than before; more by twice at most, as the next may be larger again. */
  saw(events: number, bytes: number): void {
    if (events === 0) return;
    this.#bytes = Math.max(bytes / events, this.#bytes * 0.75);
    const wanted = Math.floor(TARGET_BYTES / Math.max(1, this.#bytes));
    this.#count = Math.max(1, Math.min(wanted, 2 * this.#count, MOST_EVENTS));
  }
}
