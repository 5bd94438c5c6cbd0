import { createHash } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { ZipFile } from "yazl";
import type { PackageFiles } from "./upload-files.ts";

/** The oldest time that a zip can state. It has no time zone, so it is the same everywhere. */
const MTIME = new Date(1980, 0, 1);
const MODE = 0o100644;

/** A zip of these files that is the same whenever and wherever it is made by the same release of Node. */
export async function packFiles(files: PackageFiles): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [path, content] of files) {
    zip.addBuffer(content, path, { mtime: MTIME, mode: MODE, forceDosTimestamp: true });
  }
  zip.end();
  return buffer(zip.outputStream);
}

/** SHA-256 of paths and contents, in hexadecimal. Each is preceded by its length, so that none can run into another. */
export function digestOf(files: PackageFiles): string {
  const hash = createHash("sha256");
  for (const [path, content] of files) {
    for (const each of [Buffer.from(path), content]) {
      const length = Buffer.alloc(8);
      length.writeBigUInt64BE(BigInt(each.length));
      hash.update(length).update(each);
    }
  }
  return hash.digest("hex");
}
