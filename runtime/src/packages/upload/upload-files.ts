import { buffer } from "node:stream/consumers";
import { PackageError } from "../package.ts";
import { zipEntries } from "../zip-entries.ts";
import { faultOfPath, isLeftover, PathsTaken } from "./file-names.ts";
import type { UploadLimits } from "./limits.ts";

/** Path inside the package → content, in the order of the paths. */
export type PackageFiles = ReadonlyMap<string, Buffer>;

/**
 * The files of an upload, with paths that are safe on every system.
 *
 * @throws PackageError that names the file at fault.
 */
export function filesOfUpload(files: ReadonlyMap<string, Uint8Array>, limits: UploadLimits): PackageFiles {
  if (files.size > limits.entries) throw new PackageError(`the upload has more than ${limits.entries} files`);
  const collected = new Collection();
  let bytes = 0;
  for (const [path, content] of files) {
    bytes += content.length;
    if (bytes > limits.unpackedBytes) {
      throw new PackageError(`the upload is larger than ${limits.unpackedBytes} bytes`);
    }
    collected.add(path, Buffer.from(content.buffer, content.byteOffset, content.length));
  }
  return collected.whole();
}

/**
 * The files of an uploaded zip.
 *
 * @param name what the zip is called in messages.
 * @throws PackageError where it is broken, unsafe or too large.
 */
export async function filesOfZip(
  zip: Buffer,
  name: string,
  limits: UploadLimits,
  signal: AbortSignal,
): Promise<PackageFiles> {
  if (zip.length > limits.packedBytes)
    throw new PackageError(`${name} is larger than ${limits.packedBytes} bytes`);
  const collected = new Collection();
  try {
    for await (const entry of zipEntries(zip, limits, true)) {
      signal.throwIfAborted();
      const path = entry.name.replace(/\/$/, "");
      if (!entry.isFolder) collected.add(path, await buffer(await entry.open()));
      else collected.check(path);
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof PackageError) throw error;
    throw new PackageError(`${name} is not a zip that can be used: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return collected.whole();
}

class Collection {
  readonly #files = new Map<string, Buffer>();
  readonly #taken = new PathsTaken();

  check(path: string): void {
    const fault = faultOfPath(path);
    if (fault !== undefined) throw new PackageError(`${shown(path)} is refused: ${fault}`);
  }

  add(path: string, content: Buffer): void {
    this.check(path);
    const clash = this.#taken.take(path);
    if (clash !== undefined) throw new PackageError(`${shown(path)} is refused: ${clash}`);
    if (!isLeftover(path)) this.#files.set(path, content);
  }

  whole(): PackageFiles {
    if (this.#files.size === 0) throw new PackageError("the upload has no files");
    const sorted = [...this.#files].sort(([one], [other]) =>
      Buffer.compare(Buffer.from(one), Buffer.from(other)),
    );
    return new Map(sorted);
  }
}

/** A name as it may stand in a message. */
function shown(path: string): string {
  return JSON.stringify(path.length > 200 ? `${path.slice(0, 200)}…` : path);
}
