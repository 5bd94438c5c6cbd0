import { join } from "node:path";
import type { Part } from "../part.ts";
import { ROOT } from "../root.ts";
import type { Settings } from "../settings.ts";
import { answersOk } from "./answers.ts";
import { redisEnvironment } from "./redis.ts";

/** The exporter, which gives Prometheus what the functions put out. */
export function exporterPart(settings: Settings): Part {
  const port = settings.ports.exporter;
  return {
    name: "exporter",
    addresses: [{ title: "Exporter metrics", url: `http://127.0.0.1:${port}/metrics` }],
    async prepare() {
      return {
        command: process.execPath,
        args: [join(ROOT, "exporter", "src", "main.ts")],
        environment: {
          ...settings.environment,
          ...redisEnvironment(settings),
          GAUGELET_EXPORTER_ADDRESS: "127.0.0.1",
          GAUGELET_EXPORTER_PORT: String(port),
        },
      };
    },
    isReady: () => answersOk(port, "/readyz"),
  };
}
