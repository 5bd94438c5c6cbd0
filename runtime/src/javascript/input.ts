import { isUtf8 } from "node:buffer";
import { nameOf } from "./values.ts";

const REPLACEMENT = "\ufffd";
const BYTE_ORDER_MARK = "\ufeff";
/** A number that nobody writes: `NaN` becomes it, and it NaN, so that JSON's own reader can be used. */
const NAN_AS_NUMBER = "-0e777777777";
/** Text, which is left as it is, or a number that JSON has not but Python's `json` writes. */
const STRING_OR_NOT_FINITE = /"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/gs;

type Reviver = Parameters<typeof JSON.parse>[1];

/** What a handler gets. */
type Input = Record<string, unknown>;

/** The event cannot be given to a handler. */
export class InputError extends Error {}

/**
 * Read an event: a JSON object in UTF-8, or a list of them. Numbers that Python's `json` writes although JSON has not got them
 * (NaN, Infinity) are read too.
 *
 * @param from where in the bytes it begins.
 * @param isList whether a list is expected.
 * @throws InputError
 */
export function decodeInput(bytes: Buffer, from: number, isList: boolean): Input | Input[] {
  const text = bytes.toString("utf8", from);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    value = parseLeniently(text, error as Error);
  }
  if (text.includes(REPLACEMENT) && !isUtf8(bytes.subarray(from))) {
    throw notJson("the text is not UTF-8", text);
  }
  if (isList) return listOfObjects(value);
  if (!isObject(value)) throw new InputError(`the input is ${nameOf(value)}; a JSON object was expected`);
  return value;
}

function listOfObjects(value: unknown): Input[] {
  if (!Array.isArray(value)) {
    throw new InputError(`the input is ${nameOf(value)}; a list of JSON objects was expected`);
  }
  for (const [index, item] of value.entries()) {
    if (isObject(item)) continue;
    throw new InputError(`event ${index} of the list is ${nameOf(item)}; a JSON object was expected`);
  }
  return value;
}

function isObject(value: unknown): value is Input {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseLeniently(text: string, error: Error): unknown {
  if (text.trim() === "") throw new InputError("the input is empty; a JSON object was expected");
  const json = text.slice(text.startsWith(BYTE_ORDER_MARK) ? 1 : 0).replace(STRING_OR_NOT_FINITE, (found) => {
    if (found.startsWith('"')) return found;
    return found === "NaN" ? NAN_AS_NUMBER : found.replace("Infinity", "1e999");
  });
  if (json === text) throw notJson(error.message, text);
  try {
    return JSON.parse(json, reviveNan as Reviver);
  } catch {
    throw notJson(error.message, text);
  }
}

/** TypeScript's library does not know the third argument yet: what stood in the text. */
function reviveNan(_key: string, value: unknown, context: { readonly source?: string }): unknown {
  return context.source === NAN_AS_NUMBER ? Number.NaN : value;
}

function notJson(reason: string, text: string): InputError {
  return new InputError(
    `the input is not JSON: ${reason}; it begins with ${JSON.stringify(text.slice(0, 40))}`,
  );
}
