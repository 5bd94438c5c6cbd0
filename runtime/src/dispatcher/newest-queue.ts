import type { FunctionEvent } from "./event.ts";

/**
 * Events that wait for one function, first come first served, of which only the newest per source and
 * shard is kept: a key's value or a tick that has been overtaken is of no use any more. So the queue is
 * bounded by the number of sources, however slow the function is.
 */
export class NewestQueue {
  readonly #events = new Map<string, FunctionEvent>();

  /** Add an event, in the place of an older one from the same source and shard where there is one. */
  put(event: FunctionEvent): void {
    this.#events.set(`${event.shard}\0${event.source}`, event);
  }

  /** Take the first event out. */
  take(): FunctionEvent | undefined {
    for (const [place, event] of this.#events) {
      this.#events.delete(place);
      return event;
    }
    return undefined;
  }

  get size(): number {
    return this.#events.size;
  }
}
