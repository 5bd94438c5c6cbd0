import { mkdir, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Lock, LockHeld, takeLock } from "./lock.ts";
import { explainFileError, Problem } from "./problem.ts";

/**
 * Make the folder of all data, see that it can be written, and take it for this process alone.
 *
 * @throws Problem where it cannot be used, or another process uses it.
 */
export async function claimStateFolder(folder: string): Promise<Lock> {
  const probe = join(folder, `probe-${process.pid}`);
  try {
    await makeFolder(folder);
    // A full disk often still takes an empty file.
    await writeFile(probe, Buffer.alloc(1_048_576));
    await rm(probe);
    return await takeLock(join(folder, "lock"));
  } catch (error) {
    await rm(probe, { force: true }).catch(() => {});
    if (error instanceof LockHeld) {
      throw new Problem(
        `Gaugelet is already running with the data in ${folder} (process ${error.pid}); end it with kill ${error.pid}, or set GAUGELET_STATE_DIR and the ports to run another`,
      );
    }
    throw new Problem(
      `the data folder ${folder} cannot be used (GAUGELET_STATE_DIR sets it): ${explainFileError(error) ?? (error as Error).message}`,
    );
  }
}

/**
 * Make a folder and those above it. Node's own way tries for ever where a folder is there and none can be made in it
 * for want of a file system, as below /proc.
 */
async function makeFolder(folder: string, isParentThere = false): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" && (await stat(folder)).isDirectory()) return;
    const parent = dirname(folder);
    if (code !== "ENOENT" || isParentThere || parent === folder) throw error;
    await makeFolder(parent);
    await makeFolder(folder, true);
  }
}
