import { deserialize, serialize } from "node:v8";
import { describe } from "./user-errors.ts";
import { isPlainObject, nameOf } from "./values.ts";

/**
 * Saving `context.env` so that it comes back with its types after a restart: in the format of structured
 * clones, which holds values and no code. What would come back as something else, an instance of a class for
 * one, is refused when it is saved.
 * Source: https://nodejs.org/docs/latest-v24.x/api/v8.html#serialization-api
 */

/** An `env` that cannot be saved, or saved bytes that cannot be read. */
export class EnvError extends Error {}

/** The classes whose values come back as they were and hold no others. */
// biome-ignore format: by kinds
const WHOLE: ReadonlySet<unknown> = new Set(
  [
    Date, RegExp, ArrayBuffer, DataView, Buffer, Boolean, Number, String, BigInt,
    Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array,
    Float32Array, Float64Array, BigInt64Array, BigUint64Array,
    Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError,
  ].map(({ prototype }) => prototype),
);

/**
 * The bytes of an `env`.
 *
 * @param limit in bytes.
 * @throws EnvError, which names the entry that cannot be saved.
 */
export function dumpEnv(env: object, limit: number): Buffer {
  let data: Buffer;
  try {
    data = dump(env);
  } catch (error) {
    throw new EnvError(explain(env, error));
  }
  if (data.length <= limit) return data;
  throw new EnvError(
    `env is ${data.length.toLocaleString("en-US")} bytes when saved, more than the limit of ` +
      `${limit.toLocaleString("en-US")}; keep less in it or raise limits.env`,
  );
}

/**
 * The `env` that `dumpEnv` saved.
 *
 * @throws EnvError for what it did not write.
 */
export function loadEnv(data: Buffer): object {
  let env: unknown;
  try {
    // A copy: arrays in it are read as views, and may be of other frames' bytes.
    env = deserialize(Uint8Array.from(data));
  } catch (error) {
    throw new EnvError(`the saved env cannot be read: ${(error as Error).message}`);
  }
  if (!isPlainObject(env)) throw new EnvError(`the saved env is ${nameOf(env)}, not an object`);
  return env;
}

function dump(env: object): Buffer {
  const refused = findRefused(env);
  if (refused !== undefined) throw new EnvError(refused);
  return serialize(env);
}

function explain(env: object, error: unknown): string {
  for (const key of Object.keys(env)) {
    try {
      dump({ [key]: (env as Record<string, unknown>)[key] });
    } catch (inner) {
      return `context.env['${key}'] cannot be saved: ${reasonOf(inner)}`;
    }
  }
  return `env cannot be saved: ${reasonOf(error)}`;
}

/** A getter of the function may have thrown anything. */
function reasonOf(error: unknown): string {
  const isOwn = error instanceof EnvError || (error instanceof Error && error.name === "DataCloneError");
  return isOwn ? error.message : describe(error);
}

/** Why something cannot be saved. A loop, since an `env` may be nested deeply. */
function findRefused(env: object): string | undefined {
  const seen = new Set<object>([env]);
  const rest: object[] = [env];
  let refused: string | undefined;
  const visit = (value: unknown): void => {
    if (typeof value === "object" && value !== null) {
      if (seen.has(value)) return;
      seen.add(value);
      rest.push(value);
    } else if (typeof value === "function" || typeof value === "symbol") {
      refused = `${nameOf(value)} cannot be saved`;
    }
  };
  for (let next = rest.pop(); next !== undefined && refused === undefined; next = rest.pop()) {
    const prototype: unknown = Object.getPrototypeOf(next);
    if (prototype === Array.prototype) {
      for (const each of next as unknown[]) visit(each);
    } else if (prototype === Object.prototype || prototype === null) {
      for (const key of Object.keys(next)) visit((next as Record<string, unknown>)[key]);
    } else if (prototype === Map.prototype) {
      for (const [key, value] of next as Map<unknown, unknown>) {
        visit(key);
        visit(value);
      }
    } else if (prototype === Set.prototype) {
      for (const each of next as Set<unknown>) visit(each);
    } else if (!WHOLE.has(prototype)) {
      return `${nameOf(next)} cannot be saved; keep plain objects, arrays, Map, Set, Date and typed arrays`;
    }
  }
  return refused;
}
