/**
 * Patterns over Redis keys, with the meaning they have in Redis' own KEYS and SCAN: `*`, `?`, `[abc]`,
 * `[^a-c]`, and `\` before a character that is meant as itself.
 * Source: https://redis.io/docs/latest/commands/keys/
 */
export interface KeyPattern {
  /** The pattern as written. */
  readonly text: string;
  /** True where the pattern names exactly one key. */
  readonly isLiteral: boolean;
  /** The literal text every matching key begins with. */
  readonly prefix: string;
  /**
   * The parts of a key that the wildcards matched, joined by ":"; "" for a literal key; undefined where the
   * key does not match.
   */
  match(key: string): string | undefined;
}

/** Read a key or a key pattern. */
export function parseKeyPattern(text: string): KeyPattern {
  let source = "";
  let prefix: string | undefined;
  let literal = "";
  for (let at = 0; at < text.length; ) {
    const rest = text.slice(at);
    const set = /^\[\^?(?:\\.|[^\]\\])*\]?/s.exec(rest)?.[0];
    const wildcard = /^\*+/.exec(rest)?.[0] ?? (rest.startsWith("?") ? "?" : set);
    if (wildcard !== undefined) {
      prefix ??= literal;
      source += `(${wildcard.startsWith("*") ? ".*?" : wildcard === "?" ? "." : setSource(wildcard)})`;
      at += wildcard.length;
      continue;
    }
    const escaped = rest.startsWith("\\") && rest.length > 1;
    const character = escaped ? (rest[1] as string) : (rest[0] as string);
    literal += character;
    source += RegExp.escape(character);
    at += escaped ? 2 : 1;
  }
  const expression = new RegExp(`^${source}$`, "s");
  return {
    text,
    isLiteral: prefix === undefined,
    prefix: prefix ?? literal,
    match: (key) => expression.exec(key)?.slice(1).join(":"),
  };
}

function setSource(set: string): string {
  const negated = set.startsWith("[^");
  const inner = set.slice(negated ? 2 : 1, set.endsWith("]") ? -1 : undefined);
  if (inner === "") return negated ? "." : "(?!)";
  const escapedInner = inner.replace(
    /\\(.)|([\][^])/gs,
    (_, quoted: string | undefined, special: string | undefined) =>
      quoted === undefined ? `\\${special}` : `\\${quoted}`.replace(/^\\([a-zA-Z0-9])$/, "$1"),
  );
  return `[${negated ? "^" : ""}${escapedInner}]`;
}

/** The shortest prefixes that cover all of these patterns; none begins with another (Redis refuses that). */
export function coveringPrefixes(patterns: readonly KeyPattern[]): string[] {
  const prefixes = [...new Set(patterns.map((pattern) => pattern.prefix))].sort();
  return prefixes.filter(
    (prefix, index) => !prefixes.slice(0, index).some((shorter) => prefix.startsWith(shorter)),
  );
}
