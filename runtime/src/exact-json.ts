/** What JavaScript has and its types do not know yet. */
interface ExactJson {
  parse(
    text: string,
    revive: (key: string, value: unknown, context: { source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): object;
  isRawJSON(value: unknown): boolean;
}

const EXACT = JSON as unknown as ExactJson;
/** Shorter integers are always exact. */
const LONG_INTEGER = /\d{16}/;

/**
 * Parse JSON so that writing it again by `JSON.stringify` loses no digit: integers that a number would round, such as
 * ids of 64 bits, become objects that are written as they were read.
 *
 * @throws SyntaxError
 */
export function parseExactly(text: string): unknown {
  if (!LONG_INTEGER.test(text)) return JSON.parse(text);
  return EXACT.parse(text, (_, value, { source }) =>
    Number.isInteger(value) && !Number.isSafeInteger(value) && source !== undefined && /^-?\d+$/.test(source)
      ? EXACT.rawJSON(source)
      : value,
  );
}

/** Whether a value is an integer that {@link parseExactly} has kept with all its digits. */
export function isExactInteger(value: unknown): boolean {
  return EXACT.isRawJSON(value);
}
