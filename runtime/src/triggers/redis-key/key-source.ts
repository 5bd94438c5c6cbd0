const PREFIX = "redis:";

/** The source of events that a key's values are. */
export function sourceOfKey(key: string): string {
  return `${PREFIX}${key}`;
}

/** The key that a source is; undefined where it is of another kind. */
export function keyOfSource(source: string): string | undefined {
  return source.startsWith(PREFIX) ? source.slice(PREFIX.length) : undefined;
}
