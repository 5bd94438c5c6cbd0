/** Something that happened, for one function to handle. */
export interface FunctionEvent {
  /** Where it came from, such as `redis:metrics` or `schedule:5s`: the field of its position. */
  readonly source: string;
  /** Which `env` and output it belongs to; "" where the function has no shards. */
  readonly shard: string;
  /** The handler's input: the bytes of a JSON object, not checked yet. */
  readonly body: Buffer;
  /** What tells this event from the one before from the same source. */
  readonly position: string;
  /** `context.input_key`. */
  readonly inputKey: string | null;
  /** When it reached the runtime, on the clock of `performance.now()`. */
  readonly receivedAt: number;
}
