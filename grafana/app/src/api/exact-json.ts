/** What JavaScript has and its types do not know yet; browsers before 2025 do not have it either. */
interface ExactJson {
  parse(
    text: string,
    revive: (key: string, value: unknown, context?: { source?: string }) => unknown,
  ): unknown;
  rawJSON?(text: string): object;
}

const EXACT = JSON as unknown as ExactJson;
/** All others are exact: shorter integers, and what is no larger than a number can be. */
const MAY_BE_ROUNDED = /\d{16}|\d[eE]/;

/**
 * Parse JSON so that `JSON.stringify` loses no digit of it: integers that a number would round, such as ids of 64 bits,
 * and numbers that are larger than one can be become objects that are written as they were read. An event that is looked at and sent again stays what it is.
 *
 * @throws SyntaxError
 */
export function parseExactly(text: string): unknown {
  const { rawJSON } = EXACT;
  if (rawJSON === undefined || !MAY_BE_ROUNDED.test(text)) return JSON.parse(text);
  return EXACT.parse(text, (_, value, context) => {
    const source = context?.source;
    if (typeof value !== "number" || source === undefined) return value;
    const isRounded = !Number.isSafeInteger(value) && /^-?\d+$/.test(source);
    return isRounded || !Number.isFinite(value) ? rawJSON(source) : value;
  });
}
