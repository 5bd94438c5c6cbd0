import Denque from "denque";
import type { Frame } from "./protocol.ts";

/** Something that a worker was asked and has not answered yet. */
export type Pending<C> = {
  /** In seconds, from when the worker begins with it. */
  readonly timeout: number;
} & (
  | { readonly kind: "call"; readonly call: C; readonly id: number }
  | {
      readonly kind: "request";
      readonly resolve: (frame: Frame) => void;
      readonly reject: (error: Error) => void;
    }
);

/**
 * What a worker was asked, in the order of asking, which is that of answering. Its clock runs for the first of them:
 * a worker does one thing after the other.
 */
export class PendingAnswers<C> {
  readonly #onLate: (timeout: number) => void;
  readonly #pending = new Denque<Pending<C>>();
  /** Since when the first has been worked on, on the clock of performance.now(). */
  #since = 0;
  #shortest = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #timerDue = Number.POSITIVE_INFINITY;

  /** @param onLate is called when the first takes longer than its timeout. */
  constructor(onLate: (timeout: number) => void) {
    this.#onLate = onLate;
  }

  get first(): Pending<C> | undefined {
    return this.#pending.peekFront();
  }

  get all(): readonly Pending<C>[] {
    return this.#pending.toArray();
  }

  /** Since when the first has been worked on, on the clock of performance.now(). */
  get since(): number {
    return this.#since;
  }

  push(pending: Pending<C>, now: number): void {
    if (this.#pending.length === 0) this.#since = now;
    this.#pending.push(pending);
    this.#shortest = Math.min(this.#shortest, pending.timeout);
    const due = now + pending.timeout * 1000;
    if (due < this.#timerDue) this.#setTimer(due, now);
  }

  /** The first was answered. */
  shift(now: number): void {
    this.#pending.shift();
    this.#since = now;
  }

  /** No answer comes any more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timerDue = Number.NEGATIVE_INFINITY;
  }

  /** One timer for whichever is first: it looks again when that one's time would be up. */
  #setTimer(due: number, now: number): void {
    clearTimeout(this.#timer);
    this.#timerDue = due;
    this.#timer = setTimeout(() => this.#look(), Math.ceil(due - now));
  }

  #look(): void {
    this.#timerDue = Number.POSITIVE_INFINITY;
    const { first } = this;
    if (first === undefined) return;
    const now = performance.now();
    const due = this.#since + first.timeout * 1000;
    // One behind it may have less time.
    if (due > now) this.#setTimer(Math.min(due, now + this.#shortest * 1000), now);
    else this.#onLate(first.timeout);
  }
}
