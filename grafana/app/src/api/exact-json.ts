/** What JavaScript has and its types do not know yet; browsers before 2025 do not have it either. */
interface ExactJson {
  parse(
    text: string,
    revive: (key: string, value: unknown, context?: { source?: string }) => unknown,
  ): unknown;
  rawJSON?(text: string): object;
}

const EXACT = JSON as unknown as ExactJson;
/** Shorter integers are always exact. */
const LONG_INTEGER = /\d{16}/;

/**
 * Parse JSON so that `JSON.stringify` loses no digit of it: integers that a number would round, such as ids of 64 bits,
 * become objects that are written as they were read. An event that is looked at and sent again stays what it is.
 *
 * @throws SyntaxError
 */
export function parseExactly(text: string): unknown {
  const { rawJSON } = EXACT;
  if (rawJSON === undefined || !LONG_INTEGER.test(text)) return JSON.parse(text);
  return EXACT.parse(text, (_, value, context) => {
    const source = context?.source;
    const isRounded = Number.isInteger(value) && !Number.isSafeInteger(value);
    return isRounded && source !== undefined && /^-?\d+$/.test(source) ? rawJSON(source) : value;
  });
}
