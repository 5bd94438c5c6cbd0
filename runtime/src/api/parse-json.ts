import { isUtf8 } from "node:buffer";
import { isExactNumber, parseExactly } from "../exact-json.ts";
import { ApiProblem } from "./problems.ts";

/** Deeper than anybody writes, and far from what ends the stack of a program that goes through it. */
const MAX_DEPTH = 200;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);

/**
 * The value of a JSON text that a stranger sent.
 *
 * @throws ApiProblem where it is not JSON in UTF-8, is nested too deeply, or has a field `__proto__`, which some
 *   programs take for the object's prototype.
 */
export function parseJson(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw new ApiProblem("invalid-request", "body: expected UTF-8");
  if (depthOf(bytes) > MAX_DEPTH) {
    throw new ApiProblem("invalid-request", `body: expected at most ${MAX_DEPTH} levels`);
  }
  const text = bytes.toString();
  let value: unknown;
  try {
    value = parseExactly(text);
  } catch (error) {
    throw new ApiProblem("invalid-request", `body: expected JSON: ${(error as Error).message}`);
  }
  // The underscore may be written as a code.
  if (/__proto__|\\u005f/i.test(text) && hasPrototype(value)) {
    throw new ApiProblem("invalid-request", "body: expected no field __proto__");
  }
  // What keeps its digits is no number for whoever checks it.
  return isExactNumber(value) ? Number(text) : value;
}

function depthOf(bytes: Buffer): number {
  let depth = 0;
  let deepest = 0;
  let isInText = false;
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index] ?? 0;
    if (isInText) {
      if (byte === BACKSLASH) index += 1;
      else if (byte === QUOTE) isInText = false;
    } else if (byte === QUOTE) isInText = true;
    else if (OPENING.has(byte)) {
      depth += 1;
      deepest = Math.max(deepest, depth);
    } else if (CLOSING.has(byte)) depth -= 1;
  }
  return deepest;
}

function hasPrototype(value: unknown): boolean {
  if (value === null || typeof value !== "object") return false;
  return Object.hasOwn(value, "__proto__") || Object.values(value).some(hasPrototype);
}
