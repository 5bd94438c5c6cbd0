const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
/** -9223372036854775809 and 18446744073709551616 are the nearest to 0 beyond 64 bits: with its sign each has 20. */
const LENGTH = 20;

/**
 * Whether JSON may hold an integer beyond 64 bits, which quick JSON readers round: 20 digits or minus signs in a row.
 * The fraction of a number, or text, may be taken for one.
 *
 * A row of 20 covers one of any 20 places that are looked at, so hardly more than those are.
 */
export function mayHoldLongInteger(json: Uint8Array): boolean {
  const { length } = json;
  let place = LENGTH - 1;
  while (place < length) {
    if (!isOfInteger(json[place] as number)) {
      place += LENGTH;
      continue;
    }
    let start = place;
    while (start > 0 && place - start < LENGTH && isOfInteger(json[start - 1] as number)) start -= 1;
    let end = place + 1;
    while (end < length && end - start < LENGTH && isOfInteger(json[end] as number)) end += 1;
    if (end - start >= LENGTH) return true;
    place = end + LENGTH;
  }
  return false;
}

function isOfInteger(code: number): boolean {
  return (code >= ZERO && code <= NINE) || code === MINUS;
}
