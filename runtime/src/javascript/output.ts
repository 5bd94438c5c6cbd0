import { describe } from "./user-errors.ts";
import { isInstance, isPlainObject, nameOf } from "./values.ts";

const MAX_PATHS = 100;
const MAX_BYTES_PER_CHARACTER = 3;
/**
 * How JSON.stringify writes what it cannot write: maps, sets and promises as `{}`, typed arrays as
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
    throw new OutputError(`handler returned ${nameOf(value)}; an object was expected${hintFor(value)}`);
  }
  const text = stringify(value);
  if (text?.startsWith("{") !== true) {
    throw new OutputError("handler returned an object whose toJSON gives something else than an object");
  }
  const notFinite = text.includes("null") ? pathsNotFinite(text, value) : NONE;
  if (text.length * MAX_BYTES_PER_CHARACTER > limit) checkLength(Buffer.byteLength(text), limit);
  return { text, notFinite };
}

function hintFor(value: unknown): string {
  if (value === undefined) return "; did you forget `return`?";
  if (isInstance(value, Error)) return `; throw it instead: ${describe(value)}`;
  if (nameOf(value).endsWith("Generator")) return "; `return` it instead of `yield`";
  return "";
}

function checkLength(bytes: number, limit: number): void {
  if (bytes <= limit) return;
  throw new OutputError(
    `the output is ${bytes.toLocaleString("en-US")} bytes, more than the limit of ` +
      `${limit.toLocaleString("en-US")}; return less or raise limits.output`,
    "output",
  );
}

/** Whether an output is being written. */
let isWriting = false;
// JSON.stringify leaves out what an error says, and writes what else was set on it, `code` for one. While no
// output is written, errors are to the function what they are in Node.
Object.defineProperty(Error.prototype, "toJSON", {
  // A function may define its own.
  configurable: true,
  get: () => (isWriting ? errorAsText : undefined),
  set(this: Error, value: unknown) {
    Object.defineProperty(this, "toJSON", { value, configurable: true, enumerable: true, writable: true });
  },
});

function errorAsText(this: Error): string {
  return String(this);
}

function stringify(value: object): string | undefined {
  isWriting = true;
  try {
    let text: string | undefined;
    try {
      text = JSON.stringify(value);
    } catch (error) {
      if (!(error instanceof TypeError && error.message.includes("BigInt"))) throw error;
      return JSON.stringify(value, replacer());
    }
    const isDone = text === undefined || !SIGNS_OF_LOSS.some((sign) => text?.includes(sign));
    return isDone ? text : JSON.stringify(value, replacer());
  } catch (error) {
    throw explain(error);
  } finally {
    isWriting = false;
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

/** For JSON.stringify. What has a toJSON of its own comes here as what that gave. */
function replacer(): (this: unknown, key: string, value: unknown) => unknown {
  /** Of what JSON.stringify is in: an object is told of again at each place that it stands at. */
  const paths = new WeakMap<object, string>();
  return function (this: unknown, key: string, value: unknown): unknown {
    const holder = this as Record<string, unknown>;
    const above = paths.get(holder);
    const path = above === undefined ? "" : pathOf(above, key, Array.isArray(holder));
    const written = toJsonType(path, holder[key], value);
    if (typeof written === "object" && written !== null) paths.set(written, path);
    return written;
  };
}

function toJsonType(path: string, original: unknown, value: unknown): unknown {
  if (typeof value === "bigint") return toNumber(path, value);
  if (typeof value !== "object" || value === null) return value;
  if (Buffer.isBuffer(original) || value instanceof ArrayBuffer || value instanceof DataView) {
    throw cannotHold(path, "bytes, which are not JSON; decode them to a string, or use base64");
  }
  if (value instanceof Promise) throw cannotHold(path, "a promise; did you forget `await`?");
  return withoutCollection(value);
}

/** Maps, sets and typed arrays as what they are in JSON. */
function withoutCollection(value: object): object {
  if (value instanceof Map) return Object.fromEntries(value);
  if (value instanceof Set) return [...value];
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return Array.from(value as Float64Array);
  return value;
}

function toNumber(path: string, value: bigint): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw cannotHold(
    path,
    `the BigInt ${value}, beyond the integers that a number keeps; return it as a string`,
  );
}

function cannotHold(path: string, what: string): OutputError {
  return new OutputError(`the output cannot be JSON: ${JSON.stringify(path)} holds ${what}`);
}

/** A place in an output. */
interface Place {
  readonly path: string;
  readonly key: string;
  /** What was written there, and what it was before. */
  readonly written: unknown;
  readonly value: unknown;
}

/**
 * Where NaN and Infinity are. A loop, since outputs may be nested deeply; along what was written, since values may
 * contain themselves where they have a toJSON.
 */
function pathsNotFinite(text: string, output: object): string[] {
  const found: string[] = [];
  const rest: Place[] = [{ path: "", key: "", written: JSON.parse(text), value: output }];
  for (let next = rest.pop(); next !== undefined && found.length < MAX_PATHS; next = rest.pop()) {
    if (next.written === null && typeof next.value === "number") found.push(next.path);
    // One by one: a list may be longer than what a function takes as arguments.
    for (const part of partsOf(next).reverse()) rest.push(part);
  }
  return found;
}

function partsOf({ path, key, written, value }: Place): Place[] {
  if (typeof written !== "object" || written === null) return [];
  const parts = partsToWrite(key, value);
  const isList = Array.isArray(written);
  return Object.entries(written).map(([name, each]) => ({
    path: pathOf(path, name, isList),
    key: name,
    written: each as unknown,
    value: parts[name],
  }));
}

/** What JSON.stringify goes on with. */
function partsToWrite(key: string, value: unknown): Readonly<Record<string, unknown>> {
  const { toJSON } = Object(value) as { toJSON?: unknown };
  const plain: unknown = typeof toJSON === "function" ? toJSON.call(value, key) : value;
  return withoutCollection(Object(plain) as object) as Record<string, unknown>;
}

function pathOf(above: string, key: string, isInList: boolean): string {
  if (isInList) return `${above}[${key}]`;
  return above === "" ? key : `${above}.${key}`;
}
