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

/** Read a key or a key pattern. Every text is one: Redis refuses none. */
export function parseKeyPattern(text: string): KeyPattern {
  const pattern = bytesAsText(text);
  const segments = [{ source: "", length: 0 }];
  let prefix: string | undefined;
  let literal = "";
  for (let at = 0; at < pattern.length; ) {
    const segment = segments.at(-1) as { source: string; length: number };
    const wildcard = readWildcard(pattern, at);
    if (wildcard !== undefined) {
      prefix ??= literal;
      at = wildcard.end;
      if (wildcard.source === undefined) {
        segments.push({ source: "", length: 0 });
        continue;
      }
      segment.source += `(${wildcard.source})`;
    } else {
      if (pattern[at] === "\\" && at + 1 < pattern.length) at += 1;
      literal += pattern[at];
      segment.source += RegExp.escape(pattern[at] as string);
      at += 1;
    }
    segment.length += 1;
  }
  const match = matcherOf(segments);
  return {
    text,
    isLiteral: prefix === undefined,
    prefix: textOfBytes(prefix ?? literal),
    match(key) {
      const parts = match(bytesAsText(key));
      return parts === undefined ? undefined : textOfBytes(parts.join(":"));
    },
  };
}

/** What stands between two stars: a regular expression that matches so many characters. */
interface Segment {
  readonly source: string;
  readonly length: number;
}

/**
 * Matches text that consists of these segments with anything in between, as little of it as possible from the left.
 *
 * Each segment is looked for once, from where the one before it ends: a single regular expression would try all
 * ways to share out a text that does not match, which takes minutes for keys that somebody made for that.
 *
 * @returns a function that gives what the wildcards matched, in their order.
 */
function matcherOf(segments: readonly Segment[]): (text: string) => string[] | undefined {
  const [first, ...others] = segments.map(({ source, length }, index) => ({
    length,
    at: new RegExp(source, "sy"),
    from: index === 0 ? undefined : new RegExp(source, "sg"),
  })) as [{ length: number; at: RegExp }, ...{ length: number; at: RegExp; from: RegExp }[]];
  const last = others.length - 1;
  return (text) => {
    first.at.lastIndex = 0;
    const begun = first.at.exec(text);
    if (begun === null || (others.length === 0 && text.length !== first.length)) return undefined;
    const parts = begun.slice(1);
    let end = first.length;
    for (const [index, { length, at, from }] of others.entries()) {
      const expression = index === last ? at : from;
      expression.lastIndex = index === last ? text.length - length : end;
      if (expression.lastIndex < end) return undefined;
      const found = expression.exec(text);
      if (found === null) return undefined;
      parts.push(text.slice(end, found.index), ...found.slice(1));
      end = found.index + length;
    }
    return parts;
  };
}

interface Wildcard {
  /** What it matches, as a regular expression of one character; undefined: any number of any. */
  readonly source: string | undefined;
  /** Where the pattern goes on. */
  readonly end: number;
}

function readWildcard(pattern: string, at: number): Wildcard | undefined {
  switch (pattern[at]) {
    case "*": {
      const stars = /^\*+/.exec(pattern.slice(at))?.[0].length ?? 1;
      return { source: undefined, end: at + stars };
    }
    case "?":
      return { source: ".", end: at + 1 };
    case "[":
      return readSet(pattern, at + 1);
    default:
      return undefined;
  }
}

/** As Redis does it: a range may be written backwards, and a set that is not closed ends with the pattern. */
function readSet(pattern: string, start: number): Wildcard {
  const negated = pattern[start] === "^";
  let members = "";
  let at = negated ? start + 1 : start;
  while (at < pattern.length && pattern[at] !== "]") {
    if (pattern[at] === "\\" && at + 1 < pattern.length) {
      members += escaped(pattern, at + 1);
      at += 2;
    } else if (pattern[at + 1] === "-" && at + 2 < pattern.length) {
      const [low, high] = [escaped(pattern, at), escaped(pattern, at + 2)].sort();
      members += `${low}-${high}`;
      at += 3;
    } else {
      members += escaped(pattern, at);
      at += 1;
    }
  }
  const nothing = negated ? "." : "(?!)";
  return { source: members === "" ? nothing : `[${negated ? "^" : ""}${members}]`, end: at + 1 };
}

function escaped(text: string, at: number): string {
  return `\\x${text.charCodeAt(at).toString(16).padStart(2, "0")}`;
}

/** Redis compares bytes, so `?` is one byte. Here each is a character from U+0000 to U+00FF. */
function bytesAsText(text: string): string {
  return Buffer.from(text).toString("latin1");
}

function textOfBytes(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString();
}

/** The shortest prefixes that cover all of these patterns; none begins with another (Redis refuses that). */
export function coveringPrefixes(patterns: readonly KeyPattern[]): string[] {
  const prefixes = [...new Set(patterns.map((pattern) => pattern.prefix))].sort();
  return prefixes.filter(
    (prefix, index) => !prefixes.slice(0, index).some((shorter) => prefix.startsWith(shorter)),
  );
}
