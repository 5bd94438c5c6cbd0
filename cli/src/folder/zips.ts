import { buffer } from "node:stream/consumers";
import { fromBufferPromise, type ZipFile as OpenZip } from "yauzl";
import { ZipFile } from "yazl";
import type { Files } from "./read-folder.ts";

/** The same for the same files: what is equal makes no new version. */
const MODIFIED = new Date(1980, 0, 1);

export async function zipOf(files: Files): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [path, content] of files) zip.addBuffer(content, path, { mtime: MODIFIED, mode: 0o100644 });
  zip.end();
  return await buffer(zip.outputStream);
}

/** The files of a zip that a server sent. */
export async function filesOf(zip: Buffer): Promise<Files> {
  const archive: OpenZip = await fromBufferPromise(zip, { lazyEntries: true });
  const files = new Map<string, Buffer>();
  for await (const entry of archive.eachEntry()) {
    if (entry.fileName.endsWith("/")) continue;
    files.set(entry.fileName, await buffer(await archive.openReadStreamPromise(entry)));
  }
  return files;
}
