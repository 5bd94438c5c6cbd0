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

/**
 * The labels of a function's series: `function`, and `host` or else `shard` where there is one. As they are written:
 * to Prometheus an empty label is none, and text is Unicode.
 */
export function functionLabels({ functionName, host, shard }: Output): Record<string, string> {
  const place = host === undefined ? { shard } : { host };
  return Object.fromEntries(
    Object.entries({ function: functionName, ...place })
      .filter((label): label is [string, string] => label[1] !== undefined && label[1] !== "")
      .map(([name, text]) => [name, text.toWellFormed()]),
  );
}
