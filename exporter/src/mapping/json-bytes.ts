/**
 * Reading JSON where it lies, byte by byte, without making anything of it. Each function takes a position and
 * gives the one after what it read, or -1 where the bytes are no such thing.
 * Source: https://www.rfc-editor.org/rfc/rfc8259
 */

export const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;

/** After a number. */
export function skipNumber(bytes: Uint8Array, start: number): number {
  let at = start;
  if (bytes[at] === MINUS) at++;
  const first = bytes[at] as number;
  if (first === ZERO) at++;
  else if (first > ZERO && first <= NINE) at = skipDigits(bytes, at);
  else return -1;
  if (bytes[at] === 0x2e) {
    const end = skipDigits(bytes, at + 1);
    if (end === at + 1) return -1;
    at = end;
  }
  const exponent = bytes[at];
  if (exponent !== 0x65 && exponent !== 0x45) return at;
  at++;
  if (bytes[at] === 0x2b || bytes[at] === MINUS) at++;
  const end = skipDigits(bytes, at);
  return end === at ? -1 : end;
}

function skipDigits(bytes: Uint8Array, start: number): number {
  let at = start;
  // Outside the bytes there is undefined, which is no digit either.
  while ((bytes[at] as number) >= ZERO && (bytes[at] as number) <= NINE) at++;
  return at;
}

/** After a string; the position is that of its first quote. */
export function skipString(bytes: Uint8Array, start: number): number {
  if (bytes[start] !== QUOTE) return -1;
  for (let at = start + 1; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) return at + 1;
    if (byte < 0x20) return -1;
    if (byte !== BACKSLASH) continue;
    at++;
    if (bytes[at] === 0x75) {
      for (let digit = 1; digit <= 4; digit++) if (!isHex(bytes[at + digit])) return -1;
      at += 4;
    } else if (!ESCAPED.has(bytes[at] as number)) return -1;
  }
  return -1;
}

/** The characters that may follow a backslash, but u. */
const ESCAPED = new Set(Buffer.from('"\\/bfnrt'));

function isHex(byte: number | undefined): boolean {
  return byte !== undefined && /[0-9a-fA-F]/.test(String.fromCharCode(byte));
}

/** After blanks. */
export function skipBlanks(bytes: Uint8Array, start: number): number {
  let at = start;
  while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at++;
  return at;
}

/** After `true`, `false` or `null`. */
export function skipWord(bytes: Uint8Array, start: number): number {
  for (const word of WORDS) {
    if (word.every((byte, index) => bytes[start + index] === byte)) return start + word.length;
  }
  return -1;
}

const WORDS = ["true", "false", "null"].map((word) => Buffer.from(word));
