import { randomBytes } from "node:crypto";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { GrafanaSecretFiles } from "@gaugelet/shared/grafana-secret-files";
import { containerCommand, containerName, removeContainer } from "../grafana/container.ts";
import type { GrafanaSource } from "../grafana/find.ts";
import { prepareGrafanaSecrets } from "../grafana/secrets.ts";
import type { Part } from "../part.ts";
import { ROOT } from "../root.ts";
import type { Settings } from "../settings.ts";
import { answersOk } from "./answers.ts";

const PROVISIONING = join(ROOT, "grafana", "provisioning");
const DASHBOARDS = join(ROOT, "grafana", "dashboards");
/** The id of Gaugelet's app. */
const APP = "gaugelet-functions-app";

/** The file that holds the password of Grafana's user `admin`. */
export function adminPasswordFile(settings: Settings): string {
  return join(settings.state, "grafana-admin-password");
}

/**
 * Grafana with the repository's data source, dashboards and app, the dashboards readable by everyone on this machine.
 *
 * @param app folder of the app, built; undefined: Grafana runs without it.
 */
export function grafanaPart(settings: Settings, source: GrafanaSource, app: string | undefined): Part {
  const port = settings.ports.grafana;
  const folder = join(settings.state, "grafana");
  const password = adminPasswordFile(settings);
  const container = containerName(settings.state);
  return {
    name: "grafana",
    addresses: [{ title: "Grafana", url: `http://127.0.0.1:${port}` }],
    async prepare() {
      await linkTo(app, join(folder, "plugins"), APP);
      await createPassword(password);
      const { roles } = await prepareGrafanaSecrets(settings);
      const variables = {
        ...configuration(settings, folder, password),
        ...appConfiguration(settings, roles),
        GF_PATHS_PROVISIONING: app === undefined ? await provisioningWithoutApp(folder) : PROVISIONING,
      };
      if (source.kind === "installed") {
        const { command, args } = source;
        return { command, args, environment: { ...settings.environment, ...variables } };
      }
      const secrets = [password, ...Object.values(roles)];
      const readOnly = [PROVISIONING, DASHBOARDS, ...(app === undefined ? [] : [app]), ...secrets];
      const folders = { readOnly, writable: [folder] };
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

/** What the app needs; provisioning/plugins/gaugelet.yaml reads what is not Grafana's own. */
function appConfiguration({ ports }: Settings, roles: GrafanaSecretFiles["roles"]): Record<string, string> {
  return {
    GF_PLUGINS_ALLOW_LOADING_UNSIGNED_PLUGINS: APP,
    // The runtime is told whose request it is.
    GF_DATAPROXY_SEND_USER_HEADER: "true",
    GAUGELET_API_URL: `http://127.0.0.1:${ports.runtime}`,
    GAUGELET_VIEWER_SECRET: `$__file{${roles.viewer}}`,
    GAUGELET_EDITOR_SECRET: `$__file{${roles.editor}}`,
    GAUGELET_ADMIN_SECRET: `$__file{${roles.admin}}`,
  };
}

/** Grafana does not start where the settings of an app are provisioned that is not there. */
async function provisioningWithoutApp(folder: string): Promise<string> {
  const provisioning = join(folder, "provisioning");
  for (const kind of ["dashboards", "datasources"]) {
    await linkTo(join(PROVISIONING, kind), provisioning, kind);
  }
  return provisioning;
}

/** A link in a folder, which leads to its target whatever was there before; none where there is no target. */
async function linkTo(target: string | undefined, folder: string, name: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const link = join(folder, name);
  await rm(link, { recursive: true, force: true });
  if (target !== undefined) await symlink(target, link);
}

/** Grafana takes the password over when it makes its database; so it is made once and kept. */
async function createPassword(file: string): Promise<void> {
  try {
    await writeFile(file, `${randomBytes(18).toString("base64url")}\n`, { flag: "wx", mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
