import { existsSync } from "node:fs";
import { join } from "node:path";
import type { CodeSource } from "../configuration/manifest.ts";
import { type CodeOnDisk, describeSource, PackageError, VERSION_DIGITS } from "./package.ts";
import { packagesFolder } from "./prepare.ts";
import { unpackZip } from "./zip.ts";

/** Gives the zip of a package of the catalog. */
export type ReadPackage = (digest: string) => Promise<Buffer>;

/**
 * Bring the code of a function of the catalog onto the disk. What was unpacked once is there while the catalog is
 * away.
 *
 * @throws PackageError where it cannot be read, or not unpacked.
 */
export async function prepareStored(
  source: Extract<CodeSource, { readonly kind: "stored" }>,
  stateFolder: string,
  read: ReadPackage,
): Promise<CodeOnDisk> {
  const { digest } = source;
  const directory = join(await packagesFolder(stateFolder), digest);
  if (!existsSync(directory)) {
    const name = describeSource(source);
    const zip = await read(digest).catch((error: Error) => {
      throw new PackageError(`${name} cannot be read: ${error.message}`, { cause: error });
    });
    await unpackZip(zip, name, directory);
  }
  return { directory, file: null, version: digest.slice(0, VERSION_DIGITS) };
}
