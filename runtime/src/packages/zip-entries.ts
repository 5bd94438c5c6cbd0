import { Transform } from "node:stream";
import { crc32 } from "node:zlib";
import { type Entry, fromBufferPromise } from "yauzl";

/** The largest zip, packed. */
export const MAX_ZIP_BYTES = 64 * 1024 ** 2;
/** The largest content of a zip. */
export const MAX_UNPACKED_BYTES = 256 * 1024 ** 2;
/** The most files and folders of a zip. */
export const MAX_ENTRIES = 10_000;

const KIND = 0o170000;
const FOLDER = 0o040000;
const FILE = 0o100000;
const LINK = 0o120000;

/** How much a zip may hold. */
export interface ZipLimits {
  readonly unpackedBytes: number;
  readonly entries: number;
}

/** One file or folder of a zip. */
export interface ZipEntry {
  /** With slashes; never leads out of the zip. */
  readonly name: string;
  readonly isFolder: boolean;
  /** The content, which is checked and counted while it is read. Read it to its end before the next entry. */
  readonly open: () => Promise<NodeJS.ReadableStream>;
}

/**
 * Go through a zip. Links and other special files are refused, as are names that lead out of it, and what is
 * read is counted as it is unpacked, since the sizes a zip states may lie.
 *
 * @param strictNames refuse names with backslashes; else they count as slashes.
 * @throws Error where it is broken, unsafe or too large.
 */
export async function* zipEntries(
  zip: Buffer,
  limits: ZipLimits = { unpackedBytes: MAX_UNPACKED_BYTES, entries: MAX_ENTRIES },
  strictNames = false,
): AsyncGenerator<ZipEntry> {
  const archive = await fromBufferPromise(zip, { lazyEntries: true, strictFileNames: strictNames });
  if (archive.entryCount > limits.entries) throw new Error(`it has more than ${limits.entries} entries`);
  let bytesLeft = limits.unpackedBytes;
  const count = (bytes: number): void => {
    bytesLeft -= bytes;
    if (bytesLeft < 0) throw new Error(`it is larger than ${limits.unpackedBytes} bytes unpacked`);
  };
  for await (const entry of archive.eachEntry()) {
    const name = entry.fileName;
    refuseSpecial(entry);
    const open = async (): Promise<NodeJS.ReadableStream> => {
      const content = await archive.openReadStreamPromise(entry);
      const checked = checking(entry, count);
      content.on("error", (error) => checked.destroy(error));
      checked.on("close", () => content.destroy());
      return content.pipe(checked);
    };
    yield { name, isFolder: name.endsWith("/"), open };
  }
}

function refuseSpecial(entry: Entry): void {
  const kind = (entry.externalFileAttributes >>> 16) & KIND;
  if (kind === LINK) throw new Error(`${entry.fileName} is a link`);
  if (kind !== 0 && kind !== FILE && kind !== FOLDER) {
    throw new Error(`${entry.fileName} is neither a file nor a folder`);
  }
  if (entry.isEncrypted()) throw new Error(`${entry.fileName} is encrypted: pack it without a password`);
}

function checking(entry: Entry, count: (bytes: number) => void): Transform {
  let checksum = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      checksum = crc32(chunk, checksum);
      try {
        count(chunk.length);
      } catch (error) {
        done(error as Error);
        return;
      }
      done(null, chunk);
    },
    flush(done) {
      done(checksum === entry.crc32 ? null : new Error(`${entry.fileName} is damaged`));
    },
  });
}
