import { join } from "node:path";
import { prepareGrafanaSecrets } from "../grafana/secrets.ts";
import type { Part } from "../part.ts";
import { ROOT } from "../root.ts";
import type { Settings } from "../settings.ts";
import { answersOk } from "./answers.ts";
import { redisEnvironment } from "./redis.ts";

/** The runtime, which runs the functions of gaugelet.yaml, or of the file that GAUGELET_CONFIG names. */
export function runtimePart(settings: Settings, python: string): Part {
  const { runtime, management, prometheus } = settings.ports;
  return {
    name: "runtime",
    addresses: [
      { title: "Runtime", url: `http://127.0.0.1:${runtime}` },
      { title: "Runtime metrics", url: `http://127.0.0.1:${management}/metrics` },
    ],
    async prepare() {
      const { secret } = await prepareGrafanaSecrets(settings);
      return {
        command: process.execPath,
        args: [join(ROOT, "runtime", "src", "main.ts")],
        environment: {
          GAUGELET_CONFIG: join(ROOT, "gaugelet.yaml"),
          PROMETHEUS_URL: `http://127.0.0.1:${prometheus}`,
          ...(settings.grafanaSecret === undefined ? { GAUGELET_GRAFANA_SECRET_FILE: secret } : {}),
          ...settings.environment,
          ...redisEnvironment(settings),
          GAUGELET_RUNTIME_ADDRESS: "127.0.0.1",
          GAUGELET_MANAGEMENT_ADDRESS: "127.0.0.1",
          GAUGELET_RUNTIME_PORT: String(runtime),
          GAUGELET_MANAGEMENT_PORT: String(management),
          GAUGELET_PYTHON: python,
          GAUGELET_STATE_DIR: settings.state,
        },
      };
    },
    isReady: () => answersOk(management, "/readyz"),
  };
}
