import { join } from "node:path";
import { TOOLS_FOLDER } from "../../../stack/src/root.ts";
import { setupServices, setupWrk } from "../../../stack/src/setup/programs.ts";
import { setupPython } from "../../../stack/src/setup/python.ts";

/** The Pythons that the benchmark runs. */
export interface Pythons {
  /** The project's own, with numpy and pandas. */
  readonly python: string;
  /** That of the peer, functions-framework. */
  readonly peer: string;
}

/** Make sure that everything is there that the benchmark measures, and measures with. */
export async function setupBench(): Promise<Pythons> {
  await setupServices();
  await setupWrk();
  return {
    python: await setupPython({ dev: true }),
    peer: await setupPython({
      folder: join(TOOLS_FOLDER, "python-peer"),
      requirements: join(import.meta.dirname, "peer"),
    }),
  };
}
