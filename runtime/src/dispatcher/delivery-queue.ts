import Denque from "denque";
import type { Delivery } from "./delivery.ts";
import type { Flow } from "./feed.ts";

/**
 * Deliveries that wait for a worker, first come first served.
 *
 * Of a source whose newer event makes the older one useless, such as a key's value or a tick, only the newest
 * waits, and none is given out while one of it is under way: so such a function sees the newest value next,
 * however slow it is, and its part of the queue is bounded by the number of sources.
 */
export class DeliveryQueue implements Flow {
  readonly weight = 1;
  isInTurn = false;
  #deliveries = new Denque<Delivery>();
  /** Where the waiting delivery of a source is. */
  readonly #waiting = new Map<string, Delivery>();
  readonly #underWay = new Set<string>();
  /** The newest of a source that is under way. */
  readonly #held = new Map<string, Delivery>();

  /** How many can be taken now. */
  get size(): number {
    return this.#deliveries.length;
  }

  /** Whether nothing waits, and nothing that a newer one waits for is under way. */
  get isEmpty(): boolean {
    return this.size === 0 && this.#underWay.size === 0 && this.#held.size === 0;
  }

  /** Add a delivery, in the place of an older one that it makes useless where there is one. */
  put(delivery: Delivery): void {
    const { isSuperseded, source } = delivery.event;
    if (!isSuperseded) {
      this.#deliveries.push(delivery);
    } else if (this.#underWay.has(source)) {
      this.#held.set(source, delivery);
    } else {
      const older = this.#waiting.get(source);
      this.#waiting.set(source, delivery);
      if (older === undefined) this.#deliveries.push(delivery);
      else this.#deliveries.splice(this.#deliveries.toArray().indexOf(older), 1, delivery);
    }
  }

  /** Put deliveries that were under way in front again, in their order. */
  putBack(deliveries: readonly Delivery[]): void {
    this.#deliveries = new Denque([...deliveries, ...this.#deliveries.toArray()]);
  }

  /** The next one, which stays. */
  peek(): Delivery | undefined {
    return this.#deliveries.peekFront();
  }

  /** Take the next one out; {@link done} says when it is over. */
  take(): Delivery | undefined {
    const delivery = this.#deliveries.shift();
    if (delivery === undefined) return undefined;
    const { isSuperseded, source } = delivery.event;
    if (isSuperseded) {
      // One that was put back may stand before a newer one that waits.
      if (this.#waiting.get(source) === delivery) this.#waiting.delete(source);
      this.#underWay.add(source);
    }
    return delivery;
  }

  /** A delivery that was taken is answered or given up: the next of its source may go. */
  done(delivery: Delivery): void {
    const { isSuperseded, source } = delivery.event;
    if (!isSuperseded) return;
    this.#underWay.delete(source);
    const next = this.#held.get(source);
    if (next === undefined) return;
    this.#held.delete(source);
    this.put(next);
  }

  /** Take those out whose answer somebody waits for. */
  takeWaited(): Delivery[] {
    const waiting = this.#deliveries.toArray();
    this.#deliveries = new Denque(waiting.filter(({ isAwaited }) => !isAwaited));
    return waiting.filter(({ isAwaited }) => isAwaited);
  }

  /** Take everything out, and forget what is under way. */
  clear(): Delivery[] {
    const all = [...this.#deliveries.toArray(), ...this.#held.values()];
    this.#deliveries.clear();
    this.#waiting.clear();
    this.#underWay.clear();
    this.#held.clear();
    return all;
  }
}
