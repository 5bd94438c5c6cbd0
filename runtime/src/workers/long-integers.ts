const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
/** -9223372036854775809 and 18446744073709551616 are the nearest to 0 beyond 64 bits: with its sign each has 20. */
const LENGTH = 20;

/**
 * Whether JSON may hold an integer beyond 64 bits, which quick JSON readers round: 20 digits or minus signs in a row.
 * The fraction of a number, or text, may be taken for one.
 *
 * Where one of 20 bytes is no digit, no row goes across it: the next 20 begin after the last such byte.
 */
export function mayHoldLongInteger(json: Uint8Array): boolean {
  const { length } = json;
  for (let last = LENGTH - 1; last < length; ) {
    let place = last;
    while (place > last - LENGTH && isOfInteger(json[place] as number)) place -= 1;
    if (place === last - LENGTH) return true;
    last = place + LENGTH;
  }
  return false;
}

function isOfInteger(code: number): boolean {
  return (code >= ZERO && code <= NINE) || code === MINUS;
}
