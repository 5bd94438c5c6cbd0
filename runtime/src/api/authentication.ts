import type { IncomingMessage } from "node:http";
import type { Caller } from "../access/caller.ts";
import { userOfToken } from "../access/tokens.ts";
import type { Database } from "../database/database.ts";
import { ApiProblem } from "./problems.ts";

/**
 * Finds out who asks.
 *
 * @returns undefined where the request shows nothing.
 * @throws ApiProblem where it shows something that is not valid.
 */
export type Authenticate = (request: IncomingMessage) => Promise<Caller | undefined>;

/** Users by their tokens. */
export function authenticator(db: Database): Authenticate {
  return async ({ headers, socket }) => {
    const { authorization } = headers;
    if (authorization === undefined) return undefined;
    const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
    const found = token === undefined ? undefined : await userOfToken(db, token);
    if (found === undefined) {
      const detail = "the token is not one of a user, or no longer";
      throw new ApiProblem("unauthenticated", detail, {}, { "www-authenticate": "Bearer" });
    }
    return { ...found, by: "token", address: socket.remoteAddress ?? "" };
  };
}
