import { timingSafeEqual } from "node:crypto";
import { grafanaProxySecret } from "@gaugelet/shared/grafana-secret";
import { ROLES, type Role } from "../database/schema/access.ts";

/** The header that shows that a request is Grafana's: its value is that of a role ({@link grafanaProxySecret}). */
export const PROXY_SECRET_HEADER = "x-gaugelet-proxy-secret";

/** The header in which Grafana says whose request it is (`send_user_header`). */
export const GRAFANA_USER_HEADER = "x-grafana-user";

/** Tells a role by the secret that was shown for it. */
export class GrafanaRoles {
  readonly #secrets: readonly (readonly [Role, Buffer])[];

  /** @param secret undefined: no secret is one. */
  constructor(secret: string | undefined) {
    this.#secrets =
      secret === undefined ? [] : ROLES.map((role) => [role, Buffer.from(grafanaProxySecret(secret, role))]);
  }

  /** The role; undefined: it is the secret of none. Takes the same time for all that are as long. */
  roleOf(shown: string): Role | undefined {
    const bytes = Buffer.from(shown);
    let found: Role | undefined;
    for (const [role, secret] of this.#secrets) {
      if (bytes.length === secret.length && timingSafeEqual(bytes, secret)) found = role;
    }
    return found;
  }
}
