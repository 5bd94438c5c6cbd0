import { ConfigurationError } from "../configuration.ts";
import { parseNode, type RedisNode } from "./address.ts";

/** What a URL says of a Redis; what it leaves open is undefined. */
export interface RedisUrl extends RedisNode {
  readonly tls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly db: number | undefined;
}

/**
 * Read `redis://user:password@host:port/db`, or with `rediss:` for TLS. Name and password may be left out, and
 * are percent-encoded.
 *
 * @param where what the text came from, for the message.
 * @throws ConfigurationError that does not show the text, as it may hold a password.
 */
export function parseRedisUrl(text: string, where: string): RedisUrl {
  const expected = `${where}: expected redis://host:port or rediss://user:password@host:port/database`;
  const [, scheme, signIn, node = "", db] =
    /^(rediss?):\/\/(?:([^/]*)@)?([^/?#@]*)(?:\/(\d{1,9})?)?$/i.exec(text) ?? [];
  const address = parseNode(node, 6379);
  if (scheme === undefined || address === undefined) throw new ConfigurationError(expected);
  const [, username = "", password] = /^([^:]*)(?::(.*))?$/s.exec(signIn ?? "") ?? [];
  try {
    return {
      ...address,
      tls: scheme.toLowerCase() === "rediss",
      username: decodeURIComponent(username) || undefined,
      password: decodeURIComponent(password ?? "") || undefined,
      db: db === undefined ? undefined : Number(db),
    };
  } catch (error) {
    throw new ConfigurationError(`${expected}, with % before two hexadecimal digits`, { cause: error });
  }
}
