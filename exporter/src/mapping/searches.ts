import { compileLinear } from "./patterns.ts";

/** A regular expression that finds a part of a text, wherever it stands. */
export interface Search {
  /** As it was written. */
  readonly source: string;
  /**
   * What the first group that takes part matched, named or not; all of the match where the expression has no
   * group. undefined where nothing matches.
   */
  find(text: string): string | undefined;
}

/**
 * An expression that somebody else wrote, on the engine whose time is linear. Unlike a pattern it is not held to
 * the whole text: who wants a part of a name writes down that part alone.
 *
 * @throws Error where it is malformed.
 */
export function linearSearch(source: string): Search {
  const expression = compileLinear(source);
  const count = expression.groupCount();
  return {
    source,
    find(text) {
      const matcher = expression.matcher(text);
      if (!matcher.find()) return undefined;
      if (count === 0) return matcher.group() ?? "";
      for (let group = 1; group <= count; group += 1) {
        const found = matcher.group(group);
        if (found !== null && found !== undefined) return found;
      }
      return "";
    },
  };
}
