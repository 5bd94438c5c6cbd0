/**
 * As many calls as keep a worker busy for about this long are sent ahead: more would only wait elsewhere. It is a
 * multiple of what waking the worker's process takes on a busy machine, which a worker with a next call does not feel.
 */
const AHEAD_SECONDS = 0.005;
const MOST_CALLS = 256;
const MOST_BYTES = 4 * 1024 ** 2;
/** Weight of the newest call in the average. */
const NEWEST = 0.1;

/**
 * How many calls may be under way in one worker.
 *
 * Quick calls are sent far ahead, so that neither side waits for the other. Slow ones go one at a time, so that
 * another worker can take the next, the newest value of a key wins, and who ended a worker is known at once.
 */
export class Window {
  #averageSeconds: number | undefined;
  #calls = 0;
  #bytes = 0;
  /** Since when the worker has its turn, on the clock of `performance.now()`; undefined: it has none. */
  turnSince: number | undefined;
  /** A call runs that must be alone. */
  #isExclusive = false;

  /** Whether one more call may be sent. */
  get hasRoom(): boolean {
    return !this.#isExclusive && this.#calls < this.#limit && this.#bytes < MOST_BYTES;
  }

  sent(bytes: number, alone: boolean): void {
    this.#calls += 1;
    this.#bytes += bytes;
    this.#isExclusive = alone;
  }

  /** @param seconds that the handler took. */
  answered(bytes: number, seconds: number): void {
    this.#calls -= 1;
    this.#bytes -= bytes;
    this.#averageSeconds =
      this.#averageSeconds === undefined ? seconds : this.#averageSeconds * (1 - NEWEST) + seconds * NEWEST;
  }

  /** The call that had to be alone is over. */
  open(): void {
    this.#isExclusive = false;
  }

  get #limit(): number {
    if (this.#averageSeconds === undefined) return 1;
    return Math.max(1, Math.min(MOST_CALLS, Math.floor(AHEAD_SECONDS / this.#averageSeconds)));
  }
}
