import { createWriteStream } from "node:fs";
import { access, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { crc32 } from "node:zlib";
import { type Entry, fromBufferPromise, type ZipFile } from "yauzl";
import { PackageError } from "./package.ts";

/** The largest zip, packed. */
export const MAX_ZIP_BYTES = 64 * 1024 ** 2;
const MAX_UNPACKED_BYTES = 256 * 1024 ** 2;
const MAX_ENTRIES = 10_000;

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
  const archive = await fromBufferPromise(zip, { lazyEntries: true });
  if (archive.entryCount > MAX_ENTRIES) throw new Error(`it has more than ${MAX_ENTRIES} entries`);
  const budget = { bytes: MAX_UNPACKED_BYTES };
  for await (const entry of archive.eachEntry()) {
    await unpackEntry(archive, entry, folder, budget);
  }
}

async function unpackEntry(
  archive: ZipFile,
  entry: Entry,
  folder: string,
  budget: { bytes: number },
): Promise<void> {
  const target = join(folder, entry.fileName);
  if (entry.fileName.endsWith("/")) {
    await mkdir(target, { recursive: true });
    return;
  }
  const unixMode = entry.externalFileAttributes >>> 16;
  if ((unixMode & 0o170000) === 0o120000) throw new Error(`${entry.fileName} is a link`);
  await mkdir(dirname(target), { recursive: true });
  let checksum = 0;
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      checksum = crc32(chunk, checksum);
      budget.bytes -= chunk.length;
      if (budget.bytes < 0) done(new Error(`it is larger than ${MAX_UNPACKED_BYTES} bytes unpacked`));
      else done(null, chunk);
    },
    flush(done) {
      done(checksum === entry.crc32 ? null : new Error(`${entry.fileName} is damaged`));
    },
  });
  await pipeline(
    await archive.openReadStreamPromise(entry),
    counter,
    createWriteStream(target, { mode: 0o644 }),
  );
}
