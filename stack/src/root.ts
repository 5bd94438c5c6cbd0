import { dirname, join } from "node:path";

/** The folder of the repository. */
export const ROOT = dirname(dirname(import.meta.dirname));

/**
 * What is installed for this checkout: the Python environment, Grafana's archive, logs of installations.
 * At a fixed place, so that every command shares it, wherever the data of a start lies.
 */
export const TOOLS_FOLDER = join(ROOT, ".gaugelet");
