import { join } from "node:path";
import { type GrafanaSecretFiles, writeGrafanaSecretFiles } from "@gaugelet/shared/grafana-secret-files";
import type { Settings } from "../settings.ts";

/**
 * The secrets by which this stack's runtime knows the requests of its Grafana: in files for this user alone, made once
 * and kept, or made from the one that the user gave.
 */
export function prepareGrafanaSecrets({ state, grafanaSecret }: Settings): Promise<GrafanaSecretFiles> {
  return writeGrafanaSecretFiles(join(state, "grafana-secrets"), { given: grafanaSecret });
}
