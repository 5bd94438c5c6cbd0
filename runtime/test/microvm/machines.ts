import { join } from "node:path";
import { findNeeds } from "../../src/workers/launch/machine/find-needs.ts";
import { ROOT } from "../integration/harness.ts";

/** Where the tests' virtual machines are, saved for all of them. */
export const MACHINES_FOLDER = join(ROOT, ".gaugelet/microvm");

/** What a disk is called that a test mounts, while others look whether anything was. */
export const DISK_OF_A_TEST = "disk-of-a-test";

/** Why there are no virtual machines here; undefined where there are. */
export const whyNoMachines: string | undefined = await findNeeds(MACHINES_FOLDER).then(
  () => undefined,
  (error: Error) => error.message,
);

if (whyNoMachines !== undefined) console.warn(`tests of virtual machines are skipped: ${whyNoMachines}`);
