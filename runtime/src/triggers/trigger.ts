import type { FunctionEvent } from "../dispatcher/event.ts";

/** A source of events, bound to one function. */
export interface Trigger {
  /** Begin to emit. */
  start(emit: (event: FunctionEvent) => void): void;
  /** Stop emitting, at once. */
  stop(): void;
}
