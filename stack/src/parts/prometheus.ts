import { mkdir, writeFile } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { pathToFileURL } from "node:url";
import { readYaml } from "@gaugelet/shared/configuration";
import { dump } from "js-yaml";
import type { Part } from "../part.ts";
import { ROOT } from "../root.ts";
import type { Settings } from "../settings.ts";
import { locate, PROMETHEUS } from "../setup/programs.ts";
import { answersOk } from "./answers.ts";

const CONFIGURATION = join(ROOT, "prometheus", "prometheus.yml");

/** Prometheus with the repository's configuration and rules, but the addresses of this stack. */
export function prometheusPart(settings: Settings): Part {
  const port = settings.ports.prometheus;
  const folder = join(settings.state, "prometheus");
  return {
    name: "prometheus",
    addresses: [{ title: "Prometheus", url: `http://127.0.0.1:${port}` }],
    async prepare() {
      await mkdir(folder, { recursive: true });
      const file = join(folder, "prometheus.yml");
      await writeFile(file, dump(localize(await readYaml(CONFIGURATION), settings.ports)));
      return {
        command: locate(PROMETHEUS),
        args: [
          `--config.file=${file}`,
          `--storage.tsdb.path=${join(folder, "data")}`,
          `--web.listen-address=127.0.0.1:${port}`,
        ],
        environment: settings.environment,
      };
    },
    isReady: () => answersOk(port, "/-/ready"),
  };
}

/** Put this stack's addresses in place of those of compose.yaml, and make the paths of rule files absolute. */
export function localize(configuration: unknown, ports: Settings["ports"]): unknown {
  const addresses: Record<string, string> = {
    "runtime:8421": `127.0.0.1:${ports.management}`,
    "http://runtime:8420/functions/alert-log": `http://127.0.0.1:${ports.runtime}/functions/alert-log`,
    "exporter:9420": `127.0.0.1:${ports.exporter}`,
    "alertmanager:9093": `127.0.0.1:${ports.alertmanager}`,
    "localhost:9090": `127.0.0.1:${ports.prometheus}`,
    "http://localhost:3000": `http://127.0.0.1:${ports.grafana}`,
    "docs/runbooks": pathToFileURL(join(ROOT, "docs", "runbooks")).href,
  };
  const replace = (value: unknown): unknown => {
    if (typeof value === "string") return addresses[value] ?? value;
    if (Array.isArray(value)) return value.map(replace);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [
        key,
        key === "rule_files" ? absolutePaths(inner) : replace(inner),
      ]),
    );
  };
  return replace(configuration);
}

function absolutePaths(files: unknown): unknown {
  if (!Array.isArray(files)) return files;
  return files.map((file) => (isAbsolute(String(file)) ? file : join(dirname(CONFIGURATION), String(file))));
}
