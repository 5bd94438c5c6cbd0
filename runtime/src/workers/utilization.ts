/** What counts of a worker here. */
interface BusyWorker {
  busyMilliseconds(now: number): number;
}

/** Measures, from one look to the next, what share of their time some workers had calls. */
export class Utilization {
  readonly #before = new Map<BusyWorker, number>();
  #sampledAt = performance.now();
  #value = 0;

  /** From 0 to 1, over the time between the last two looks. */
  get value(): number {
    return this.#value;
  }

  /**
   * Look.
   *
   * @param workers that are there.
   * @param now on the clock of performance.now().
   */
  sample(workers: readonly BusyWorker[], now: number): number {
    let busy = 0;
    for (const worker of workers) {
      const total = worker.busyMilliseconds(now);
      busy += total - (this.#before.get(worker) ?? 0);
      this.#before.set(worker, total);
    }
    for (const worker of this.#before.keys()) {
      if (!workers.includes(worker)) this.#before.delete(worker);
    }
    const available = (now - this.#sampledAt) * workers.length;
    this.#sampledAt = now;
    this.#value = available === 0 ? 0 : Math.min(1, busy / available);
    return this.#value;
  }
}
