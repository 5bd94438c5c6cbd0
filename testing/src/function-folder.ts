import { chmod, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * A new folder for the code of functions, which these may write into, too: their workers are users of their
 * own where the tests run as root and everybody can run Python.
 *
 * @param name what it is for, as its own name shows.
 */
export async function makeFunctionFolder(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `gaugelet-${name}-`));
  await chmod(folder, 0o777);
  return folder;
}
