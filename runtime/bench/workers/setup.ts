import { join } from "node:path";
import { Problem } from "../../../stack/src/problem.ts";
import { TOOLS_FOLDER } from "../../../stack/src/root.ts";
import { progressOf } from "../../../stack/src/setup/context.ts";
import { canInstallDebianPackages, installDebianPackages } from "../../../stack/src/setup/debian.ts";
import { findCommand } from "../../../stack/src/setup/find-command.ts";
import { setupServices } from "../../../stack/src/setup/programs.ts";
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

async function setupWrk(): Promise<void> {
  if (findCommand("wrk") !== undefined) return;
  if (!canInstallDebianPackages()) {
    throw new Problem("wrk, which makes the load over HTTP, is not on the PATH: install the package wrk");
  }
  await progressOf({}).step("install wrk", (step) =>
    installDebianPackages([{ name: "wrk", services: [] }], step, undefined),
  );
}
