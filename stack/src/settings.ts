import { join, resolve } from "node:path";
import { ConfigurationError, validate } from "@gaugelet/shared/configuration";
import { readSecret } from "@gaugelet/shared/environment-files";
import { z } from "zod";
import type { RedisLogin } from "./redis-ping.ts";
import { ROOT } from "./root.ts";

/** The ports of the stack, all on 127.0.0.1, with the variable that sets each and its default. */
export const PORTS = {
  redis: { variable: "GAUGELET_REDIS_PORT", fallback: 6379, title: "Redis" },
  runtime: { variable: "GAUGELET_RUNTIME_PORT", fallback: 8420, title: "runtime" },
  management: { variable: "GAUGELET_MANAGEMENT_PORT", fallback: 8421, title: "runtime, health and metrics" },
  exporter: { variable: "GAUGELET_EXPORTER_PORT", fallback: 9420, title: "exporter" },
  prometheus: { variable: "GAUGELET_PROMETHEUS_PORT", fallback: 9090, title: "Prometheus" },
  alertmanager: { variable: "GAUGELET_ALERTMANAGER_PORT", fallback: 9093, title: "Alertmanager" },
  grafana: { variable: "GAUGELET_GRAFANA_PORT", fallback: 3000, title: "Grafana" },
} as const;

export type PortName = keyof typeof PORTS;

/** Everything the stack is told, checked once. */
export interface Settings {
  readonly ports: Readonly<Record<PortName, number>>;
  /** Folder of all data and logs of this stack. */
  readonly state: string;
  /** How the parts sign in to Redis. */
  readonly redis: RedisLogin;
  /** What the runtime knows Grafana's requests by, where the user says it; else the stack makes one. */
  readonly grafanaSecret: string | undefined;
  /** Where Grafana lies, where the user says so. */
  readonly grafanaHome: string | undefined;
  /** Address of the folder that Grafana's archives are downloaded from. */
  readonly grafanaDownloadUrl: string;
  /** Process id of the launcher; when that process is gone the stack ends. */
  readonly launcher: number | undefined;
  /** What the parts' own environments start from. */
  readonly environment: NodeJS.ProcessEnv;
}

const port = z.coerce
  .number("expected a port number")
  .int("expected a port number")
  .min(1, "expected a port from 1 to 65535")
  .max(65_535, "expected a port from 1 to 65535");
const text = z.string().min(1);

const schema = z.object({
  ...(Object.fromEntries(
    Object.values(PORTS).map(({ variable, fallback }) => [variable, port.default(fallback)]),
  ) as Record<(typeof PORTS)[PortName]["variable"], z.ZodDefault<typeof port>>),
  GAUGELET_STATE_DIR: text.default(join(ROOT, ".gaugelet")),
  GAUGELET_GRAFANA_DOWNLOAD_URL: z
    .url({ protocol: /^https?$/, error: "expected an http or https address" })
    .default("https://dl.grafana.com/oss/release"),
  GAUGELET_GRAFANA_SECRET: text.optional(),
  GAUGELET_GRAFANA_SECRET_FILE: text.optional(),
  GAUGELET_LAUNCHER_PID: z.coerce.number().int().positive().optional(),
  GRAFANA_HOME: text.optional(),
  REDIS_USERNAME: text.optional(),
  REDIS_PASSWORD: text.optional(),
});

/**
 * Read the environment. The only place that does.
 *
 * @throws ConfigurationError that names the variable.
 */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const values = validate(schema, set, "environment");
  const ports = Object.fromEntries(
    Object.entries(PORTS).map(([name, { variable }]) => [name, values[variable]]),
  ) as Record<PortName, number>;
  checkDistinct(ports);
  return {
    ports,
    state: resolve(values.GAUGELET_STATE_DIR),
    redis: { username: values.REDIS_USERNAME, password: values.REDIS_PASSWORD },
    grafanaSecret: readSecret(
      "GAUGELET_GRAFANA_SECRET",
      values.GAUGELET_GRAFANA_SECRET,
      values.GAUGELET_GRAFANA_SECRET_FILE,
    ),
    grafanaHome: values.GRAFANA_HOME,
    grafanaDownloadUrl: values.GAUGELET_GRAFANA_DOWNLOAD_URL,
    launcher: values.GAUGELET_LAUNCHER_PID,
    // What npm and the launcher set is about this process, not about the parts.
    environment: Object.fromEntries(
      Object.entries(set).filter(([name]) => !name.startsWith("npm_") && name !== "GAUGELET_LAUNCHER_PID"),
    ),
  };
}

function checkDistinct(ports: Readonly<Record<PortName, number>>): void {
  const users = Map.groupBy(Object.keys(PORTS) as PortName[], (name) => ports[name]);
  const clashes = [...users].filter(([, names]) => names.length > 1);
  if (clashes.length === 0) return;
  throw new ConfigurationError(
    clashes
      .map(([number, names]) => {
        const variables = names.map((name) => PORTS[name].variable).join(" and ");
        return `environment: ${variables}: expected different ports (found ${number} for each)`;
      })
      .join("\n"),
  );
}
