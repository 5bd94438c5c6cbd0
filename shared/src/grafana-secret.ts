import { createHmac } from "node:crypto";

/** The roles that Grafana's app has a route for. */
export const GRAFANA_ROLES = ["viewer", "editor", "admin"] as const;

export type GrafanaRole = (typeof GRAFANA_ROLES)[number];

/**
 * What Grafana's route of a role shows: HMAC-SHA256 of the role's name, with the common secret as its key, in
 * hexadecimal. Nobody who knows that of a role can tell that of another.
 *
 * @param secret `GAUGELET_GRAFANA_SECRET`.
 */
export function grafanaProxySecret(secret: string, role: GrafanaRole): string {
  return createHmac("sha256", secret).update(role).digest("hex");
}
