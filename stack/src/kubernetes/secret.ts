import { randomBytes } from "node:crypto";
import { GRAFANA_ROLES, grafanaProxySecret } from "@gaugelet/shared/grafana-secret";

/** What the secret of an installation holds, by key. */
export type SecretValues = Readonly<Record<string, string>>;

/** New random values for all of it. */
export function newValues(): SecretValues {
  const password = random();
  return withValuesOfRoles({
    "postgres-password": password,
    "database-url": `postgresql://gaugelet:${password}@postgresql:5432/gaugelet`,
    "secret-key": randomBytes(32).toString("base64"),
    "admin-token": `gaugelet_${random()}`,
    "grafana-secret": random(),
    "grafana-admin-password": random(),
  });
}

/** With what Grafana shows for each role, made from what the runtime knows it by. */
export function withValuesOfRoles(values: SecretValues): SecretValues {
  // Editors and echo end a file with a line break, which the runtime leaves out too.
  const secret = values["grafana-secret"]?.replace(/\r?\n$/, "");
  if (secret === undefined) return values;
  const made = GRAFANA_ROLES.map((role) => [`grafana-${role}-secret`, grafanaProxySecret(secret, role)]);
  return { ...values, ...Object.fromEntries(made) };
}

/** Needs no escape in an address. */
function random(): string {
  return randomBytes(24).toString("base64url");
}
