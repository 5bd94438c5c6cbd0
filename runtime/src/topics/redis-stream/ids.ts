/** The id before every entry's. */
export const BEFORE_ALL = "0-0";

/** Compare two ids of entries, as `a - b` does for numbers. */
export function compareIds(a: string, b: string): number {
  const [aTime, aNumber] = parts(a);
  const [bTime, bNumber] = parts(b);
  // Both parts go up to 2^64, which a number does not hold; each is written without leading zeros.
  return compareDigits(aTime, bTime) || compareDigits(aNumber, bNumber);
}

/** The id right after another; Redis before 6.2 has no ranges without their ends. */
export function idAfter(id: string): string {
  const [time, number] = parts(id);
  return `${time}-${BigInt(number) + 1n}`;
}

function parts(id: string): [time: string, number: string] {
  const [time = "0", number = "0"] = id.split("-");
  return [time, number];
}

function compareDigits(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}
