import { isIPv4 } from "node:net";

/** What may be probed, and how to sign in there. */
export interface AllowedTarget {
  readonly pattern: TargetPattern;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** Certificates of authorities in PEM format, for `rediss:`; undefined: those that Node knows. */
  readonly ca: string | undefined;
}

/** A pattern over addresses. */
export interface TargetPattern {
  readonly text: string;
  readonly protocol: string;
  matches(url: URL): boolean;
}

const DEFAULT_PORTS: Readonly<Record<string, string>> = {
  redis: "6379",
  rediss: "6379",
  http: "80",
  https: "443",
};
const PATTERN =
  /^(?<protocol>rediss?|https?):\/\/(?<host>[\w.*-]+|\[[\da-fA-F:.]+\])(?::(?<port>\d+|\*))?(?<path>\/.*)?$/;

/** Longest address that is looked at. */
export const MAX_TARGET_LENGTH = 2_048;

/**
 * Read a pattern: an address in which `*` stands for any part of a host, any port, or any part of a path. A
 * Redis without a path is all of its databases; an HTTP address without one is its root alone.
 *
 * @returns undefined where it is none.
 */
export function parseTargetPattern(text: string): TargetPattern | undefined {
  const groups = PATTERN.exec(text)?.groups;
  if (groups === undefined) return undefined;
  const { protocol = "", host = "", port = DEFAULT_PORTS[protocol] ?? "", path } = groups;
  const [pathPattern, queryPattern] = path === undefined ? [] : splitQuery(path);
  return {
    text,
    protocol,
    matches(url) {
      if (url.protocol !== `${protocol}:` || !matchesHost(host.toLowerCase(), url.hostname)) return false;
      if (port !== "*" && port !== (url.port || DEFAULT_PORTS[protocol])) return false;
      if (pathPattern === undefined)
        return isRedisProtocol(url.protocol) || `${url.pathname}${url.search}` === "/";
      // Some servers take these for a separator, and go elsewhere with what comes behind.
      if (pathPattern.includes("*") && /%(?:2f|5c)/i.test(url.pathname)) return false;
      return matches(pathPattern, url.pathname) && matches(queryPattern ?? "", url.search);
    },
  };
}

/** Whether an address is that of a Redis, be it over TLS or not. */
export function isRedisProtocol(protocol: string): boolean {
  return protocol === "redis:" || protocol === "rediss:";
}

/** A star is any part of one label, since who owns a domain names all hosts below it; alone it is any host. */
function matchesHost(pattern: string, host: string): boolean {
  if (pattern === "*" || pattern === host) return true;
  const labels = pattern.split(".");
  // The stars of an address are numbers: names that begin with one may belong to anybody.
  if (labels.every((label) => /^[\d*]+$/.test(label)) && !isIPv4(host)) return false;
  const found = host.split(".");
  return found.length === labels.length && labels.every((label, index) => matches(label, found[index] ?? ""));
}

function splitQuery(path: string): [path: string, query: string] {
  const start = path.indexOf("?");
  return start === -1 ? [path, ""] : [path.slice(0, start), path.slice(start)];
}

/** Whether a text is the pattern, in which each star is any text. In time linear in the text. */
function matches(pattern: string, text: string): boolean {
  const [first = "", ...others] = pattern.split("*");
  const last = others.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first)) return false;
  let end = first.length;
  for (const part of others) {
    const found = text.indexOf(part, end);
    if (found === -1) return false;
    end = found + part.length;
  }
  return text.length - last.length >= end && text.endsWith(last);
}
