import type { EventContext } from "../workers/protocol.ts";

/** Of an event that has nothing of its own to say. */
export const NO_CONTEXT: EventContext = Object.freeze({});

/** Something that happened, for one function to handle. */
export interface FunctionEvent {
  /** Where it came from, such as `redis:metrics` or `schedule:5s`: the field of its position. */
  readonly source: string;
  /** Which `env` and output it belongs to; "" where the function has no shards. */
  readonly shard: string;
  /** The handler's input: the bytes of a JSON object, not checked yet. */
  readonly body: Buffer;
  /** What tells this event from the one before from the same source; null: nobody asks. */
  readonly position: string | null;
  /** What `context` says of this event alone. */
  readonly context: EventContext;
  /** Whether a newer event of the same source and shard makes this one useless, while it waits. */
  readonly isSuperseded: boolean;
  /** When it reached the runtime, on the clock of `performance.now()`. */
  readonly receivedAt: number;
}
