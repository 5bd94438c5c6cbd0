/** Redis looks at every prefix at each write: more than a few would slow it down. */
const MAX_PREFIXES = 16;

/** A few prefixes that cover all of these texts; none begins with another (Redis refuses that). */
export function coveringPrefixes(texts: readonly string[]): string[] {
  // Shortened until few are left; a length in between would save little.
  for (const length of [Number.POSITIVE_INFINITY, 32, 16, 8, 4, 2, 1]) {
    const prefixes = withoutCovered(texts.map((text) => begin(text, length)));
    if (prefixes.length <= MAX_PREFIXES) return prefixes;
  }
  return [""];
}

/** Whether one of the prefixes covers the text. */
export function isCovered(text: string, prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => text.startsWith(prefix));
}

/** Not half a character: Redis would look for what stands for it. */
function begin(text: string, length: number): string {
  const start = text.slice(0, length);
  return start.isWellFormed() ? start : start.slice(0, -1);
}

function withoutCovered(prefixes: readonly string[]): string[] {
  const kept: string[] = [];
  for (const prefix of [...new Set(prefixes)].sort()) {
    // In order, what covers a text stands before it, and everything in between is covered as well.
    const last = kept.at(-1);
    if (last === undefined || !prefix.startsWith(last)) kept.push(prefix);
  }
  return kept;
}
