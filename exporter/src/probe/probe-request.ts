import type { ParsedUrlQuery } from "node:querystring";
import { type AllowedTarget, isRedisProtocol, MAX_TARGET_LENGTH } from "./allowed-targets.ts";

/** What a probe asks for. */
export interface ProbeRequest {
  readonly url: URL;
  /** How to sign in there. */
  readonly allowed: AllowedTarget;
  /** A key or a pattern; undefined: the outputs that runtimes announce there. */
  readonly key: string | undefined;
  readonly module: string;
  readonly debug: boolean;
}

/** The module of a probe that names none: the rules of the configuration file itself. */
export const DEFAULT_MODULE = "default";

const SCHEMES: readonly string[] = ["redis:", "rediss:", "http:", "https:"];

/** A probe asks for something that there is not, or that is not allowed. */
export class ProbeRequestError extends Error {
  override readonly name = "ProbeRequestError";
}

/**
 * Read a probe's parameters.
 *
 * @throws ProbeRequestError that says what was expected.
 */
export function readProbeRequest(query: ParsedUrlQuery, targets: readonly AllowedTarget[]): ProbeRequest {
  const unknown = Object.keys(query).find((name) => !["target", "key", "module", "debug"].includes(name));
  if (unknown !== undefined) {
    throw new ProbeRequestError(`unknown parameter ${unknown}; there are target, key, module and debug`);
  }
  const target = parameter(query, "target");
  if (target === undefined) {
    throw new ProbeRequestError(
      "expected a target, such as ?target=redis://127.0.0.1:6379 or ?target=https://example.org/status.json",
    );
  }
  const url = target.length <= MAX_TARGET_LENGTH && URL.canParse(target) ? new URL(target) : undefined;
  // Of an address without its scheme the host may pass for one.
  if (url === undefined || !SCHEMES.includes(url.protocol)) {
    const schemes = SCHEMES.map((scheme) => `${scheme}//`).join(", ");
    throw new ProbeRequestError(
      `target: expected an address of at most 2048 characters that begins with one of ${schemes}`,
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new ProbeRequestError("target: user and password belong in the configuration, under targets");
  }
  const allowed = targets.find(({ pattern }) => pattern.matches(url));
  if (allowed === undefined) {
    throw new ProbeRequestError(
      "target: not allowed; the configuration lists under targets what may be probed",
    );
  }
  const key = parameter(query, "key");
  if (isRedisProtocol(url.protocol)) databaseOf(url);
  else if (key !== undefined) throw new ProbeRequestError("key: only a Redis has keys");
  url.hash = "";
  return {
    url,
    allowed,
    key,
    module: parameter(query, "module") ?? DEFAULT_MODULE,
    debug: isTrue(query, "debug"),
  };
}

/** The number of the database in a Redis' address. */
export function databaseOf(url: URL): number {
  const text = /^\/?(\d{0,4})$/.exec(url.pathname)?.[1];
  if (text === undefined || url.search !== "") {
    throw new ProbeRequestError(
      "target: expected nothing behind the port of a Redis but the number of a database",
    );
  }
  return Number(text);
}

function isTrue(query: ParsedUrlQuery, name: string): boolean {
  const value = parameter(query, name) ?? "false";
  if (value === "true" || value === "false") return value === "true";
  throw new ProbeRequestError(`${name}: expected true or false`);
}

function parameter(query: ParsedUrlQuery, name: string): string | undefined {
  const value = query[name];
  if (Array.isArray(value)) throw new ProbeRequestError(`${name}: expected it once`);
  return value === undefined || value === "" ? undefined : value;
}
