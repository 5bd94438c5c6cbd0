/** Who wants workers to be busy: a function. */
export interface TurnTaker {
  /** Twice the weight, twice as much of the time. */
  readonly weight: number;
  /** There is room for one more of its workers. */
  onTurn(): void;
}

/** While others wait, a worker gives its turn up once it had it for so long, and what it has begun is done. */
const TURN_MILLISECONDS = 10;

/**
 * How many workers of all functions together may be busy at a time. Where more want to be, they take turns, by
 * weighted fair queuing (Demers, Keshav, Shenker 1989) of the time that workers are busy: a premium function waits
 * less, and none starves.
 */
export class Turns {
  readonly #most: number;
  #busy = 0;
  /** What each function has had, in milliseconds by its weight. One that has left may have a worker that is still busy. */
  readonly #had = new WeakMap<TurnTaker, number>();
  readonly #waiting = new Set<TurnTaker>();
  /** The most that a function had when it was given a turn. */
  #virtualTime = 0;

  /** @param most workers that are busy at a time. */
  constructor(most: number) {
    this.#most = most;
  }

  /** A worker would begin. @returns false where it has to wait: `onTurn` is called then. */
  begin(taker: TurnTaker): boolean {
    if (this.#busy < this.#most && (this.#waiting.size === 0 || this.#next() === taker)) {
      this.#waiting.delete(taker);
      this.#busy += 1;
      this.#virtualTime = Math.max(this.#virtualTime, this.#hadBy(taker));
      return true;
    }
    // What it did not use while it wanted nothing is not made up for.
    if (!this.#waiting.has(taker)) this.#had.set(taker, Math.max(this.#hadBy(taker), this.#virtualTime));
    this.#waiting.add(taker);
    return false;
  }

  /** Whether a worker that has been busy since then should begin nothing more. */
  isOver(since: number, now: number): boolean {
    return this.#waiting.size > 0 && now - since >= TURN_MILLISECONDS;
  }

  /**
   * A worker has nothing to do any more, or is gone.
   *
   * @param since when it began.
   * @param wantsMore whether the function would have a worker begin again at once.
   */
  end(taker: TurnTaker, since: number, now: number, wantsMore: boolean): void {
    this.#busy -= 1;
    if (this.#most === Number.POSITIVE_INFINITY) return;
    this.#had.set(taker, this.#hadBy(taker) + (now - since) / taker.weight);
    if (this.#waiting.size === 0) return;
    if (wantsMore) this.#waiting.add(taker);
    this.#callNext();
  }

  /** It wants nothing any more. */
  leave(taker: TurnTaker): void {
    this.#waiting.delete(taker);
    this.#had.delete(taker);
    this.#callNext();
  }

  #callNext(): void {
    for (let next = this.#next(); next !== undefined && this.#busy < this.#most; next = this.#next()) {
      const busy = this.#busy;
      next.onTurn();
      // It may have found that it wants nothing.
      if (this.#busy === busy) this.#waiting.delete(next);
    }
  }

  /** Of those who wait, the one that has had the least. */
  #next(): TurnTaker | undefined {
    let next: TurnTaker | undefined;
    for (const taker of this.#waiting) {
      if (next === undefined || this.#hadBy(taker) < this.#hadBy(next)) next = taker;
    }
    return next;
  }

  #hadBy(taker: TurnTaker): number {
    return this.#had.get(taker) ?? this.#virtualTime;
  }
}
