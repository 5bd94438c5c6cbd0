import { createWriteStream } from "node:fs";
import { access, chmod, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { PackageError } from "./package.ts";
import { zipEntries } from "./zip-entries.ts";

/**
 * Unpack a zip into a folder, which appears only when it is whole. Does nothing where the folder is there.
 *
 * Links are not made, names that lead out of the folder are refused, and what is written is counted as it
 * is unpacked, since the sizes a zip states may lie.
 *
 * @param name what the zip is called in messages.
 * @throws PackageError where it is broken, unsafe or too large.
 */
export async function unpackZip(zip: Buffer, name: string, folder: string): Promise<void> {
  if (
    await access(folder).then(
      () => true,
      () => false,
    )
  )
    return;
  const temporary = await makeTemporary(folder).catch((error: Error) => {
    const todo = "set GAUGELET_STATE_DIR to a folder that can be written";
    throw new PackageError(`${name} cannot be unpacked: ${error.message}; ${todo}`, { cause: error });
  });
  try {
    await unpackInto(temporary, zip);
    // Workers may be users of their own.
    await chmod(temporary, 0o755);
    await rename(temporary, folder);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    // Another runtime with the same state folder was quicker with the same content.
    if ((error as NodeJS.ErrnoException).code === "ENOTEMPTY") return;
    const reason = (error as Error).message;
    throw new PackageError(`${name} is not a zip that can be used: ${reason}`, { cause: error });
  }
}

async function makeTemporary(folder: string): Promise<string> {
  await mkdir(dirname(folder), { recursive: true });
  return mkdtemp(`${folder}.`);
}

async function unpackInto(folder: string, zip: Buffer): Promise<void> {
  for await (const { name, isFolder, open } of zipEntries(zip)) {
    const target = join(folder, name);
    if (isFolder) {
      await mkdir(target, { recursive: true });
      continue;
    }
    await mkdir(dirname(target), { recursive: true });
    await pipeline(await open(), createWriteStream(target, { mode: 0o644 }));
  }
}
