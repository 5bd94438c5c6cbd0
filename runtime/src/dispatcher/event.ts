import type { TriggerKind } from "../runs/run-record.ts";
import type { EventContext } from "../workers/protocol.ts";

/** Of an event that has nothing of its own to say. */
export const NO_CONTEXT: EventContext = Object.freeze({});

/** Of an event that came through the API: what its run is to say. */
export interface Invocation {
  readonly runId: string;
  readonly user: string;
  readonly trigger: TriggerKind;
  /** Unix milliseconds. */
  readonly queuedAt: number;
  /** Hears that a worker begins with it. */
  readonly onStarted: () => void;
  /** Hears that the run is stored, whatever it came to, or that it never will be. */
  readonly onRecorded: (isRecorded: boolean) => void;
}

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
  readonly invocation?: Invocation | undefined;
  /** Who called, where that is known. */
  readonly user?: string | undefined;
}
