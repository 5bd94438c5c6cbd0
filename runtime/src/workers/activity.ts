/** What a worker does, and for how long: times are on the clock of performance.now(). */
export class Activity {
  #calls = 0;
  /** Shards whose `env` it reads now: who does that is not idle, however long it takes. */
  #restoring = 0;
  #busySince = 0;
  #busyMilliseconds = 0;
  #lastUsed = performance.now();

  /** Calls that are not answered yet. */
  get calls(): number {
    return this.#calls;
  }

  /** It is ready. */
  begin(now: number): void {
    this.#lastUsed = now;
  }

  called(now: number): void {
    if (this.#calls === 0) this.#busySince = now;
    this.#calls += 1;
  }

  answered(now: number): void {
    this.#calls -= 1;
    if (this.#calls > 0) return;
    this.#lastUsed = now;
    this.#busyMilliseconds += now - this.#busySince;
  }

  restoring(): void {
    this.#restoring += 1;
  }

  restored(now: number): void {
    this.#restoring -= 1;
    this.#lastUsed = now;
  }

  /** Milliseconds that it has had calls, up to now. */
  busyMilliseconds(now: number): number {
    return this.#busyMilliseconds + (this.#calls > 0 ? now - this.#busySince : 0);
  }

  /** When it last had something to do. */
  lastUsed(now: number): number {
    return this.#calls > 0 || this.#restoring > 0 ? now : this.#lastUsed;
  }
}
