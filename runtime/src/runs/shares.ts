/**
 * Shares something among functions, such as memory: each may have as much as nobody has yet, so that one alone gets
 * half of it, and there is always some for the next. What has nothing may always have its first piece.
 *
 * A dynamic threshold, as in A. K. Choudhury and E. L. Hahne, "Dynamic queue length thresholds for shared-memory packet
 * switches", IEEE/ACM Transactions on Networking 6 (1998).
 */
export class Shares {
  #left: number;
  readonly #byName = new Map<string, number>();

  /** @param all that there is to share. */
  constructor(all: number) {
    this.#left = all;
  }

  /** Whether a function may have more. */
  hasRoom(name: string): boolean {
    const has = this.#byName.get(name);
    return has === undefined || has < this.#left;
  }

  /** @param amount more than 0. */
  take(name: string, amount: number): void {
    this.#byName.set(name, (this.#byName.get(name) ?? 0) + amount);
    this.#left -= amount;
  }

  /** Give back what was taken. */
  give(name: string, amount: number): void {
    const rest = (this.#byName.get(name) ?? 0) - amount;
    if (rest > 0) this.#byName.set(name, rest);
    else this.#byName.delete(name);
    this.#left += amount;
  }
}
