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
  const hosts = toExpression(host.toLowerCase(), "[^/:]*");
  const paths = path === undefined ? undefined : toExpression(path, ".*");
  return {
    text,
    protocol,
    matches(url) {
      if (url.protocol !== `${protocol}:` || !hosts.test(url.hostname)) return false;
      if (port !== "*" && port !== (url.port || DEFAULT_PORTS[protocol])) return false;
      const found = `${url.pathname}${url.search}`;
      if (paths !== undefined) return paths.test(found);
      return isRedisProtocol(url.protocol) || found === "/";
    },
  };
}

/** Whether an address is that of a Redis, be it over TLS or not. */
export function isRedisProtocol(protocol: string): boolean {
  return protocol === "redis:" || protocol === "rediss:";
}

function toExpression(text: string, wildcard: string): RegExp {
  return new RegExp(
    `^${text
      .split("*")
      .map((part) => RegExp.escape(part))
      .join(wildcard)}$`,
    "s",
  );
}
