import { constants } from "node:fs";
import { lstat, open, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { PlainFrame } from "../../frames.ts";
import { type FileHead, FrameType } from "../../protocol.ts";

const PIECE_BYTES = 4 * 1024 ** 2;
/** All of it is in the machine's memory. */
const MOST_BYTES = 512 * 1024 ** 2;
const EMPTY = Buffer.alloc(0);

/** What a machine is given to have the same files as there are here. */
export interface PackedFiles {
  readonly frames: readonly PlainFrame[];
  readonly bytes: number;
}

/**
 * Read folders and files, with all that is below them. Links are taken as links: what they lead to is not.
 *
 * @throws Error where they are too large, or cannot be read.
 */
export async function packFiles(paths: readonly string[]): Promise<PackedFiles> {
  const frames: PlainFrame[] = [];
  let bytes = 0;
  const checkRoom = (more: number): void => {
    if (bytes + more > MOST_BYTES)
      throw new Error("the function's files are larger than 512Mi, which a machine takes");
  };
  const add = (head: FileHead, body: Buffer): void => {
    checkRoom(body.length);
    frames.push(new PlainFrame(FrameType.file, head, body));
    bytes += body.length;
  };
  const walk = async (path: string): Promise<void> => {
    const status = await lstat(path);
    const common = { path, mode: status.mode & 0o777, modified: status.mtimeMs / 1000 };
    if (status.isSymbolicLink()) {
      add({ ...common, kind: "link", target: await readlink(path) }, EMPTY);
    } else if (status.isDirectory()) {
      for (const name of (await readdir(path)).toSorted((one, other) => one.localeCompare(other))) {
        if (name !== "__pycache__") await walk(join(path, name));
      }
      // After what is in it, which changes when it was changed.
      add({ ...common, kind: "folder" }, EMPTY);
    } else if (status.isFile()) {
      // Before it is read: what is too large for a machine may be for this one's memory, too.
      checkRoom(status.size);
      for (const piece of await piecesOf(path)) add({ ...common, kind: "file" }, piece);
    }
  };
  for (const path of paths) await walk(path);
  return { frames, bytes };
}

async function piecesOf(path: string): Promise<Buffer[]> {
  // What was a file a moment ago may be a link by now.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const whole = await file.readFile();
    const pieces = [whole.subarray(0, PIECE_BYTES)];
    for (let start = PIECE_BYTES; start < whole.length; start += PIECE_BYTES) {
      pieces.push(whole.subarray(start, start + PIECE_BYTES));
    }
    return pieces;
  } finally {
    await file.close();
  }
}
