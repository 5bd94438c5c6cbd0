import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readYaml } from "@gaugelet/shared/configuration";
import { dump } from "js-yaml";
import type { Part } from "../part.ts";
import { ROOT } from "../root.ts";
import type { Settings } from "../settings.ts";
import { ALERTMANAGER, locate } from "../setup/programs.ts";
import { answersOk } from "./answers.ts";
import { localize } from "./prometheus.ts";

const CONFIGURATION = join(ROOT, "prometheus", "alertmanager.yml");

/** Alertmanager with the repository's configuration, but this stack's addresses; alone: without a cluster port. */
export function alertmanagerPart(settings: Settings): Part {
  const port = settings.ports.alertmanager;
  const folder = join(settings.state, "alertmanager");
  return {
    name: "alertmanager",
    addresses: [{ title: "Alertmanager", url: `http://127.0.0.1:${port}` }],
    async prepare() {
      await mkdir(folder, { recursive: true });
      const file = join(folder, "alertmanager.yml");
      await writeFile(file, dump(localize(await readYaml(CONFIGURATION), settings.ports)));
      return {
        command: locate(ALERTMANAGER),
        args: [
          `--config.file=${file}`,
          `--storage.path=${folder}`,
          `--web.listen-address=127.0.0.1:${port}`,
          "--cluster.listen-address=",
        ],
        environment: settings.environment,
      };
    },
    isReady: () => answersOk(port, "/-/ready"),
  };
}
