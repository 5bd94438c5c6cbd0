import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Part } from "../part.ts";
import { ROOT } from "../root.ts";
import type { Settings } from "../settings.ts";
import { ALERTMANAGER, locate } from "../setup/programs.ts";
import { answersOk } from "./answers.ts";

/** Alertmanager with the repository's configuration, alone: without a cluster port. */
export function alertmanagerPart(settings: Settings): Part {
  const port = settings.ports.alertmanager;
  const folder = join(settings.state, "alertmanager");
  return {
    name: "alertmanager",
    addresses: [{ title: "Alertmanager", url: `http://127.0.0.1:${port}` }],
    async prepare() {
      await mkdir(folder, { recursive: true });
      return {
        command: locate(ALERTMANAGER),
        args: [
          `--config.file=${join(ROOT, "prometheus", "alertmanager.yml")}`,
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
