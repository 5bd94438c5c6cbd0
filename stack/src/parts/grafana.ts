import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { containerCommand, containerName, removeContainer } from "../grafana/container.ts";
import type { GrafanaSource } from "../grafana/find.ts";
import type { Part } from "../part.ts";
import { ROOT } from "../root.ts";
import type { Settings } from "../settings.ts";
import { answersOk } from "./answers.ts";

const PROVISIONING = join(ROOT, "grafana", "provisioning");
const DASHBOARDS = join(ROOT, "grafana", "dashboards");

/** The file that holds the password of Grafana's user `admin`. */
export function adminPasswordFile(settings: Settings): string {
  return join(settings.state, "grafana-admin-password");
}

/** Grafana with the repository's data source and dashboards, readable by everyone on this machine. */
export function grafanaPart(settings: Settings, source: GrafanaSource): Part {
  const port = settings.ports.grafana;
  const folder = join(settings.state, "grafana");
  const password = adminPasswordFile(settings);
  const container = containerName(settings.state);
  return {
    name: "grafana",
    addresses: [{ title: "Grafana", url: `http://127.0.0.1:${port}` }],
    async prepare() {
      await mkdir(join(folder, "plugins"), { recursive: true });
      await createPassword(password);
      const variables = configuration(settings, folder, password);
      if (source.kind === "installed") {
        const { command, args } = source;
        return { command, args, environment: { ...settings.environment, ...variables } };
      }
      const folders = { readOnly: [PROVISIONING, DASHBOARDS, password], writable: [folder] };
      return containerCommand(source, container, port, folders, variables, settings.environment);
    },
    isReady: () => answersOk(port, "/api/health"),
    ...(source.kind === "container" ? { cleanUp: () => removeContainer(source, container) } : {}),
  };
}

/** Grafana's settings, as variables: https://grafana.com/docs/grafana/latest/setup-grafana/configure-grafana/ */
function configuration({ ports }: Settings, folder: string, password: string): Record<string, string> {
  return {
    GF_SERVER_HTTP_ADDR: "127.0.0.1",
    GF_SERVER_HTTP_PORT: String(ports.grafana),
    GF_PATHS_DATA: folder,
    GF_PATHS_LOGS: join(folder, "logs"),
    GF_PATHS_PLUGINS: join(folder, "plugins"),
    GF_PATHS_PROVISIONING: PROVISIONING,
    GF_LOG_MODE: "console",
    GF_ANALYTICS_REPORTING_ENABLED: "false",
    GF_ANALYTICS_CHECK_FOR_UPDATES: "false",
    GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: "false",
    GF_NEWS_NEWS_FEED_ENABLED: "false",
    GF_PLUGINS_PREINSTALL_DISABLED: "true",
    GF_AUTH_ANONYMOUS_ENABLED: "true",
    GF_AUTH_ANONYMOUS_ORG_ROLE: "Viewer",
    // Grafana reads the file itself, so that the password is in no environment.
    GF_SECURITY_ADMIN_PASSWORD: `$__file{${password}}`,
    GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: join(DASHBOARDS, "overview.json"),
    GAUGELET_PROMETHEUS_URL: `http://127.0.0.1:${ports.prometheus}`,
    GAUGELET_DASHBOARDS_PATH: DASHBOARDS,
  };
}

/** Grafana takes the password over when it makes its database; so it is made once and kept. */
async function createPassword(file: string): Promise<void> {
  try {
    await writeFile(file, `${randomBytes(18).toString("base64url")}\n`, { flag: "wx", mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
