import { isPlainObject, nameOf } from "./values.ts";

const MAX_PATHS = 100;
const MAX_BYTES_PER_CHARACTER = 3;
/**
 * How JSON.stringify writes what it cannot write: maps, sets, errors and promises as `{}`, typed arrays as
 * objects, buffers as this. Where none of it is in an output, JSON.stringify has done it right.
 */
const SIGNS_OF_LOSS = ["{}", '{"0":', '{"type":"Buffer"'];

/** What the handler returned cannot be an output. */
export class OutputError extends Error {
  /** The limit that it is beyond, if any. */
  readonly limit: "output" | undefined;

  constructor(message: string, limit?: "output") {
    super(message);
    this.limit = limit;
  }
}

/** An output as it is stored. */
export interface EncodedOutput {
  readonly text: string;
  /** Paths of the values that JSON cannot hold and that became null (NaN, Infinity), the first hundred. */
  readonly notFinite: readonly string[];
}

const NONE: readonly string[] = [];

/**
 * Write what a handler returned as JSON: as JSON.stringify does, and besides maps as objects, sets and typed
 * arrays as arrays, BigInts as numbers.
 *
 * @param limit in bytes.
 * @throws OutputError, or what a `toJSON` of the function throws.
 */
export function encodeOutput(value: unknown, limit: number): EncodedOutput {
  if (!isPlainObject(value)) {
    const hint = value === undefined ? "; did you forget `return`?" : "";
    throw new OutputError(`handler returned ${nameOf(value)}; an object was expected${hint}`);
  }
  const text = stringify(value);
  if (text?.startsWith("{") !== true) {
    throw new OutputError("handler returned an object whose toJSON gives something else than an object");
  }
  const notFinite = text.includes("null") ? pathsNotFinite(value) : NONE;
  if (text.length * MAX_BYTES_PER_CHARACTER > limit) checkLength(Buffer.byteLength(text), limit);
  return { text, notFinite };
}

function checkLength(bytes: number, limit: number): void {
  if (bytes <= limit) return;
  throw new OutputError(
    `the output is ${bytes.toLocaleString("en-US")} bytes, more than the limit of ` +
      `${limit.toLocaleString("en-US")}; return less or raise limits.output`,
    "output",
  );
}

function stringify(value: object): string | undefined {
  try {
    let text: string | undefined;
    try {
      text = JSON.stringify(value);
    } catch (error) {
      if (!(error instanceof TypeError && error.message.includes("BigInt"))) throw error;
      return JSON.stringify(value, toJsonType);
    }
    const isDone = text === undefined || !SIGNS_OF_LOSS.some((sign) => text?.includes(sign));
    return isDone ? text : JSON.stringify(value, toJsonType);
  } catch (error) {
    throw explain(error);
  }
}

function explain(error: unknown): unknown {
  if (error instanceof RangeError && error.message.includes("call stack")) {
    return new OutputError("the output is nested too deeply or contains itself");
  }
  if (error instanceof RangeError && error.message.includes("string length")) {
    return new OutputError("the output is more than a text can hold; return less", "output");
  }
  if (error instanceof TypeError && error.message.startsWith("Converting circular structure")) {
    return new OutputError("the output cannot be JSON: it contains itself");
  }
  return error;
}

/** A replacer for JSON.stringify. What has a toJSON of its own comes here as what that gave. */
function toJsonType(this: unknown, key: string, value: unknown): unknown {
  if (typeof value === "bigint") return toNumber(key, value);
  if (typeof value !== "object" || value === null) return value;
  if (Buffer.isBuffer((this as Record<string, unknown>)[key]) || value instanceof ArrayBuffer) {
    throw new OutputError(
      `the output cannot be JSON: ${JSON.stringify(key)} holds bytes, which are not JSON; ` +
        "decode them to a string, or use base64",
    );
  }
  if (value instanceof Map) return Object.fromEntries(value);
  if (value instanceof Set) return [...value];
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return Array.from(value as Float64Array);
  if (value instanceof Promise) {
    throw new OutputError(
      `the output cannot be JSON: ${JSON.stringify(key)} holds a promise; did you forget \`await\`?`,
    );
  }
  if (value instanceof Error) return String(value);
  return value;
}

function toNumber(key: string, value: bigint): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw new OutputError(
    `the output cannot be JSON: ${JSON.stringify(key)} holds the BigInt ${value}, beyond the integers that a ` +
      "number keeps; return it as a string",
  );
}

/** Where NaN and Infinity are. A loop, since outputs may be nested deeply. */
function pathsNotFinite(output: object): string[] {
  const found: string[] = [];
  const rest: [path: string, value: unknown][] = [["", output]];
  for (let next = rest.pop(); next !== undefined && found.length < MAX_PATHS; next = rest.pop()) {
    const [path, value] = next;
    if (typeof value === "number") {
      if (!Number.isFinite(value)) found.push(path);
    } else if (typeof value === "object" && value !== null) {
      rest.push(...partsOf(path, value).reverse());
    }
  }
  return found;
}

function partsOf(path: string, value: object): [path: string, value: unknown][] {
  const isList = Array.isArray(value) || value instanceof Set || ArrayBuffer.isView(value);
  if (isList && !(value instanceof DataView)) {
    const list = Array.from(value as Iterable<unknown>);
    return list.map((each, index) => [`${path}[${index}]`, each]);
  }
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  return entries.map(([key, each]) => [path === "" ? String(key) : `${path}.${String(key)}`, each]);
}
