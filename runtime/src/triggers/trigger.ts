import type { FunctionEvent } from "../dispatcher/event.ts";

/** A source of events, bound to one function. */
export interface Trigger {
  /** Begin to emit. */
  start(emit: (event: FunctionEvent) => void): void;
  /**
   * What was handled of a source up to this position is void: emit it once more, where nothing newer was emitted since.
   * A trigger whose next event says as much need not.
   */
  again?(source: string, position: string): void;
  /** Stop emitting, at once. */
  stop(): void;
}
