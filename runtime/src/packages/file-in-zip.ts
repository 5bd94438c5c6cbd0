import { buffer } from "node:stream/consumers";
import { fromBufferPromise } from "yauzl";

/** A file of a zip; undefined: it has none at this path. */
export async function fileInZip(zip: Buffer, path: string): Promise<Buffer | undefined> {
  const archive = await fromBufferPromise(zip, { lazyEntries: true });
  for await (const entry of archive.eachEntry()) {
    if (entry.fileName === path && !path.endsWith("/")) {
      return await buffer(await archive.openReadStreamPromise(entry));
    }
  }
  return undefined;
}
