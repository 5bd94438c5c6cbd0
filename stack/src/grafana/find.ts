import { join } from "node:path";
import { explainFileError, Problem } from "../problem.ts";
import type { Step } from "../progress.ts";
import { TOOLS_FOLDER } from "../root.ts";
import type { Settings } from "../settings.ts";
import { unpackedArchive } from "./archive.ts";
import { type GrafanaContainer, grafanaContainer } from "./container.ts";
import { grafanaInFolder, grafanaOnPath, type InstalledGrafana } from "./installed.ts";
import { GRAFANA_VERSION } from "./version.ts";

/** Where Grafana comes from. */
export type GrafanaSource =
  | ({ readonly kind: "installed" } & InstalledGrafana)
  | ({ readonly kind: "container" } & GrafanaContainer);

/**
 * Find Grafana: where GRAFANA_HOME says, on the PATH, as a container image, or as the official archive.
 *
 * @param cache folder that the unpacked archive is kept in.
 * @throws Problem, one line, that says why there is none and how to get it.
 */
export async function findGrafana(
  { grafanaHome, grafanaDownloadUrl }: Settings,
  step: Step,
  signal: AbortSignal,
  cache = join(TOOLS_FOLDER, "cache"),
): Promise<GrafanaSource> {
  if (grafanaHome !== undefined) {
    return { kind: "installed", ...grafanaInFolder(grafanaHome, "GRAFANA_HOME") };
  }
  const onPath = grafanaOnPath();
  if (onPath !== undefined) return { kind: "installed", ...onPath };
  const detail = (text: string): void => step.detail(text);
  const container = await grafanaContainer(signal, detail);
  if (container !== undefined) return { kind: "container", ...container };
  try {
    const source = { url: grafanaDownloadUrl, cache };
    const folder = await unpackedArchive(source, signal, detail);
    return { kind: "installed", ...grafanaInFolder(folder, "the cached archive of Grafana") };
  } catch (error) {
    const reason = error instanceof Problem ? error.message : explainFileError(error);
    if (reason === undefined) throw error;
    throw new Problem(
      `${reason}. To get it: unpack Grafana ${GRAFANA_VERSION} from https://grafana.com/grafana/download and set GRAFANA_HOME to its folder, or start Docker or Podman`,
    );
  }
}
