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
/** Shorter integers are always exact, and smaller exponents lead to no infinity. */
const MAY_LOSE = /\d{16}|e\+?\d{3}/i;

/**
 * Parse JSON so that writing it again by `JSON.stringify` loses no digit: integers that a number would round, such as
 * ids of 64 bits, and numbers that are too large for one, become objects that are written as they were read.
 *
 * @throws SyntaxError
 */
export function parseExactly(text: string): unknown {
  if (!MAY_LOSE.test(text)) return JSON.parse(text);
  return EXACT.parse(text, (_, value, { source }) =>
    typeof value === "number" && source !== undefined && isLost(value, source)
      ? EXACT.rawJSON(source)
      : value,
  );
}

function isLost(value: number, source: string): boolean {
  if (!Number.isFinite(value)) return true;
  return Number.isInteger(value) && !Number.isSafeInteger(value) && /^-?\d+$/.test(source);
}

/** Whether a value is a number that {@link parseExactly} has kept with all its digits. */
export function isExactNumber(value: unknown): boolean {
  return EXACT.isRawJSON(value);
}
