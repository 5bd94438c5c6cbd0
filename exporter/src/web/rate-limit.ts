/** Lets a request through each so many seconds, and some at once where it was quiet before: a token bucket. */
export class RateLimit {
  readonly #interval: number;
  readonly #burst: number;
  #tokens: number;
  #filledAt: number;

  /**
   * @param interval seconds.
   * @param now seconds, of any clock that never goes back.
   */
  constructor(interval: number, burst: number, now: number) {
    this.#interval = interval;
    this.#burst = burst;
    this.#tokens = burst;
    this.#filledAt = now;
  }

  /** Whether a request may be answered now. */
  take(now: number): boolean {
    const grown = this.#tokens + (now - this.#filledAt) / this.#interval;
    this.#tokens = Math.min(this.#burst, grown);
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
