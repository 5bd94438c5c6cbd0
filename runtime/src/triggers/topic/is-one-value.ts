const QUOTE = '"'.charCodeAt(0);
const BACKSLASH = "\\".charCodeAt(0);
const COMMA = ",".charCodeAt(0);
const SPACE = " ".charCodeAt(0);

/** How much deeper a character leads that is in no string. */
const DEEPER = new Int8Array(256);
for (const [text, by] of [
  ["{[", 1],
  ["}]", -1],
] as const) {
  for (const character of text) DEEPER[character.charCodeAt(0)] = by;
}

/**
 * Whether a text that stands between the commas of a JSON list is one value of that list: not several, none, or a part
 * of one. Whether it is JSON at all shows when the list is read.
 */
export function isOneValue(text: Buffer): boolean {
  const { length } = text;
  let depth = 0;
  let isEmpty = true;
  for (let at = 0; at < length; at += 1) {
    const byte = text[at] as number;
    if (byte === QUOTE) {
      isEmpty = false;
      at = endOfString(text, at + 1);
      if (at === length) return false;
    } else if (byte === COMMA) {
      if (depth === 0) return false;
    } else if (byte > SPACE) {
      isEmpty = false;
      depth += DEEPER[byte] as number;
      if (depth < 0) return false;
    }
  }
  return depth === 0 && !isEmpty;
}

/** The place of the quote that ends a string; the end of the text where there is none. */
function endOfString(text: Buffer, from: number): number {
  const { length } = text;
  for (let at = from; at < length; at += 1) {
    const byte = text[at] as number;
    if (byte === QUOTE) return at;
    if (byte === BACKSLASH) at += 1;
  }
  return length;
}
