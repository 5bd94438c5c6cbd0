// npm run microvm:image: what virtual machines take, their image, and a saved machine for the usual limits.

import { USUAL_MODULES } from "../runtime/src/configuration/usual-modules.ts";
import { IsolationError } from "../runtime/src/workers/errors.ts";
import { MachineLauncher } from "../runtime/src/workers/launch/machine/machine-launcher.ts";
import { describeSize } from "../runtime/src/workers/launch/machine/sizes.ts";
import { createLog } from "../shared/src/log.ts";
import { explainFileError, Problem } from "../stack/src/problem.ts";
import { MACHINES_FOLDER, setupMachines } from "../stack/src/setup/machines.ts";
import { setupPython } from "../stack/src/setup/python.ts";

const MIB = 1024 ** 2;

try {
  await setupMachines();
  const python = await setupPython();
  const preload = process.argv.includes("--plain") ? [] : USUAL_MODULES;
  const launcher = new MachineLauncher({ folder: MACHINES_FOLDER, python, preload }, createLog("info"));
  const size = await launcher.prepare({ memory: 256 * MIB, disk: 64 * MIB });
  await launcher.stop();
  console.log(`virtual machines of ${describeSize(size)} are ready in ${MACHINES_FOLDER}`);
} catch (error) {
  const isExpected = error instanceof Problem || error instanceof IsolationError;
  const text = isExpected ? error.message : explainFileError(error);
  if (text === undefined) throw error;
  console.error(`gaugelet: ${text}`);
  process.exitCode = 1;
}
