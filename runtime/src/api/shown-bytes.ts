import { parseExactly } from "../exact-json.ts";

const MOST_BYTES = 64 * 1024;

/** An event's bytes as an answer shows them. */
export interface ShownBytes {
  /** Null where the bytes are no JSON, or too many. */
  readonly value: unknown;
  readonly text: string | null;
  readonly isCut: boolean;
}

/** JSON where the bytes are some, else text; no more than 64 KiB of it. */
export function shownBytes(bytes: Buffer): ShownBytes {
  if (bytes.length > MOST_BYTES) {
    return { value: null, text: bytes.subarray(0, MOST_BYTES).toString(), isCut: true };
  }
  const text = bytes.toString();
  try {
    return { value: parseExactly(text), text: null, isCut: false };
  } catch {
    return { value: null, text, isCut: false };
  }
}
