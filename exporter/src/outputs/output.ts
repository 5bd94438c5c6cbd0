/** An output that should be exported. */
export interface Output {
  readonly key: string;
  /** The function's name; the key, where another program wrote the output. */
  readonly functionName: string;
  /** The part of the key that a pattern matched. */
  readonly shard: string | undefined;
  /** The host that the output is about. */
  readonly host: string | undefined;
  /** When it was last stored, in milliseconds since the Unix epoch; undefined where another program wrote it. */
  readonly storedAt: number | undefined;
  /** Age in seconds at which it is stale; undefined: never. */
  readonly staleAfter: number | undefined;
}

/** Names of labels that say which output a series is from; rules cannot set them. */
export const IDENTITY_LABELS = ["function", "host", "shard"] as const;

/** The labels of a function's series: `function`, and `host` or else `shard` where there is one. */
export function functionLabels(output: Output): Record<string, string> {
  return {
    function: output.functionName,
    ...(output.host !== undefined
      ? { host: output.host }
      : output.shard !== undefined
        ? { shard: output.shard }
        : {}),
  };
}
