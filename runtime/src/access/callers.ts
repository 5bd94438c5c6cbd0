import type { IncomingMessage } from "node:http";
import { ApiProblem } from "../api/problems.ts";
import type { Database } from "../database/database.ts";
import { ROLES, type Role } from "../database/schema/access.ts";
import type { Caller } from "./caller.ts";
import { GRAFANA_USER_HEADER, GrafanaRoles, PROXY_SECRET_HEADER } from "./grafana.ts";
import { KnownCallers, type KnownUser } from "./known-callers.ts";
import { digestOf, userOfToken } from "./tokens.ts";
import { userName } from "./user-name.ts";
import { admitVisit } from "./visits.ts";

const BEARER = /^Bearer +(\S+) *$/i;

/** Finds out who sends requests. Who came a moment ago is known at once, without a promise. */
export class Callers {
  readonly #tokens: KnownCallers;
  readonly #visits: KnownCallers;
  readonly #grafana: GrafanaRoles;

  /** @param grafanaSecret `GAUGELET_GRAFANA_SECRET`; undefined: no request is Grafana's. */
  constructor(db: Database, grafanaSecret: string | undefined) {
    this.#grafana = new GrafanaRoles(grafanaSecret);
    this.#tokens = new KnownCallers((digest) => userOfToken(db, Buffer.from(digest, "base64")));
    this.#visits = new KnownCallers((key) => {
      const [role = "", name = "", address = ""] = key.split("\n");
      return admitVisit(db, name, role as Role, address);
    });
  }

  /**
   * Who sends a request.
   *
   * @returns undefined where it shows nothing; a promise only where the database has to be asked.
   * @throws ApiProblem `unauthenticated` where it shows something that is not valid.
   */
  of(request: IncomingMessage): Caller | undefined | Promise<Caller | undefined> {
    const { authorization, [PROXY_SECRET_HEADER]: proxySecret } = request.headersDistinct;
    if (proxySecret !== undefined) return this.#visitor(request, proxySecret);
    if (authorization === undefined) return undefined;
    const token = authorization.length === 1 ? BEARER.exec(authorization[0] ?? "")?.[1] : undefined;
    if (token === undefined) throw unauthenticated("expected one header Authorization: Bearer <token>");
    return this.ofToken(token, request);
  }

  /** As {@link of}, by a token that was shown in another way. */
  ofToken(token: string, request: IncomingMessage): Caller | Promise<Caller> {
    const key = digestOf(token).toString("base64");
    const problem = "the token is not one of a user, or no longer";
    return resolved(this.#tokens, key, (found) => callerOf(found, "token", request, problem));
  }

  /** Something has changed that says who somebody is. */
  forget(): void {
    this.#tokens.forget();
    this.#visits.forget();
  }

  #visitor(request: IncomingMessage, secrets: readonly string[]): Caller | Promise<Caller> {
    const role = secrets.length === 1 ? this.#grafana.roleOf(secrets[0] ?? "") : undefined;
    if (role === undefined || !ROLES.includes(role)) {
      throw unauthenticated(`${PROXY_SECRET_HEADER}: not a secret of this installation's Grafana`);
    }
    const names = request.headersDistinct[GRAFANA_USER_HEADER] ?? [];
    // Node takes the bytes of a header one by one; Grafana sends UTF-8.
    const name = userName.safeParse(Buffer.from(names[0] ?? "", "latin1").toString());
    if (names.length !== 1 || !name.success) {
      throw unauthenticated(
        `${GRAFANA_USER_HEADER}: expected one login; sign in to Grafana, whose setting send_user_header in the section dataproxy has to be true`,
      );
    }
    const key = `${role}\n${name.data}\n${request.socket.remoteAddress ?? ""}`;
    const problem = `the user ${name.data} was deleted here; an administrator can restore it`;
    return resolved(this.#visits, key, (found) => callerOf(found, "grafana", request, problem));
  }
}

function resolved(
  known: KnownCallers,
  key: string,
  caller: (found: KnownUser | undefined) => Caller,
): Caller | Promise<Caller> {
  const found = known.peek(key);
  return found === undefined ? known.find(key).then(caller) : caller(found);
}

function callerOf(
  found: KnownUser | undefined,
  by: Caller["by"],
  { socket }: IncomingMessage,
  problem: string,
): Caller {
  if (found === undefined) throw unauthenticated(problem);
  return { user: found.user, role: found.role, by, address: socket.remoteAddress ?? "" };
}

function unauthenticated(detail: string): ApiProblem {
  return new ApiProblem("unauthenticated", detail, {}, { "www-authenticate": "Bearer" });
}
