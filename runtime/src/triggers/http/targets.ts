import type { IncomingMessage } from "node:http";
import { compileInputSchema, type InputSchema } from "../../configuration/input-schema.ts";
import {
  isCompression,
  isCrossOrigin,
  isIdempotencyKey,
  isRebound,
  readCallHeaders,
} from "./call-headers.ts";
import type { Callable } from "./callable.ts";
import type { Problem } from "./problem.ts";

/** What the path of every call begins with; the function's name follows. */
export const CALL_PATH = "/functions/";

const MAX_SHARD_CHARACTERS = 255;

/** A function and what its calls need to know of it. */
export interface Target {
  readonly callable: Callable;
  readonly isCalled: boolean;
  readonly isSharded: boolean;
  readonly input: InputSchema | undefined;
  /** Where it has to be put together first: gives what is called then. */
  awaken?(): Promise<Target>;
}

/** A call that has all it needs but the event. */
export interface Admission {
  readonly name: string;
  readonly target: Target;
  readonly shard: string;
  readonly idempotencyKey: string | undefined;
}

/**
 * A function as it is called.
 *
 * @throws ConfigurationError where its input schema cannot be compiled.
 */
export async function targetOf(callable: Callable): Promise<Target> {
  const { name, triggers, state, input } = callable.definition;
  return {
    callable,
    isCalled: triggers.some((trigger) => "http" in trigger),
    isSharded: state === "partition",
    input: input === undefined ? undefined : await compileInputSchema(input, `function ${name}`),
  };
}

/**
 * Check all of a call that can be known before its event has come.
 *
 * @param isLocal whether it is allowed since it comes from this machine.
 */
export function admit(
  targets: Pick<ReadonlyMap<string, Target>, "get">,
  request: IncomingMessage,
  isLocal: boolean,
): Admission | Problem {
  const url = request.url ?? "";
  const queryAt = url.indexOf("?");
  const name = url.slice(CALL_PATH.length, queryAt === -1 ? undefined : queryAt);
  const target = targets.get(name);
  if (target === undefined) {
    return { problem: "unknown-function", detail: `there is no function ${JSON.stringify(name)}` };
  }
  if (!target.isCalled) {
    return { problem: "not-callable", detail: `add { http: true } to the triggers of ${name} to call it` };
  }
  if (request.method !== "POST") {
    const detail = `expected POST, not ${request.method}`;
    return { problem: "method-not-allowed", detail, headers: { allow: "POST" } };
  }
  const headers = readCallHeaders(request.rawHeaders);
  if (isCrossOrigin(headers)) {
    return { problem: "cross-origin", detail: `the request came from a page of ${headers.origin}` };
  }
  if (isLocal && isRebound(headers)) {
    const detail = `the request came from a page of ${headers.origin}, which may be a name that somebody else gave to this machine: use localhost, or set GAUGELET_CALLS to open or token`;
    return { problem: "cross-origin", detail };
  }
  const { idempotencyKey, contentEncoding } = headers;
  if (contentEncoding !== undefined && isCompression(contentEncoding)) {
    const detail = `expected an event without content-encoding: ${contentEncoding}`;
    return { problem: "unsupported-media-type", detail };
  }
  if (idempotencyKey !== undefined && !isIdempotencyKey(idempotencyKey)) {
    const detail = "expected one header Idempotency-Key of 1 to 255 printable ASCII characters";
    return { problem: "invalid-idempotency-key", detail };
  }
  const shards = queryAt === -1 ? [] : new URLSearchParams(url.slice(queryAt + 1)).getAll("shard");
  const detail = problemOfShards(shards, target.isSharded);
  if (detail !== undefined) return { problem: "invalid-shard", detail };
  return { name, target, shard: shards[0] ?? "", idempotencyKey };
}

/** What is wrong with the shards that a call names; undefined: nothing. */
export function problemOfShards(shards: readonly string[], isSharded: boolean): string | undefined {
  const [shard = ""] = shards;
  if (!isSharded) {
    return shards.length === 0 ? undefined : "the function has no shards: leave ?shard= out";
  }
  if (shards.length === 1 && shard !== "" && shard.length <= MAX_SHARD_CHARACTERS) return undefined;
  return `the function keeps one state per shard: expected one ?shard= of 1 to ${MAX_SHARD_CHARACTERS} characters`;
}
