import { join } from "node:path";
import { findNeeds } from "../../src/workers/launch/machine/find-needs.ts";
import { ROOT } from "../integration/harness.ts";

/** Where the tests' virtual machines are, saved for all of them. */
export const MACHINES_FOLDER = join(ROOT, ".gaugelet/microvm");

/** Why there are no virtual machines here; undefined where there are. */
export const whyNoMachines: string | undefined = await findNeeds(MACHINES_FOLDER).then(
  () => undefined,
  (error: Error) => error.message,
);

if (whyNoMachines !== undefined) console.warn(`tests of virtual machines are skipped: ${whyNoMachines}`);
