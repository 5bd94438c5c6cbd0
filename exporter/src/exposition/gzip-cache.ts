import { promisify } from "node:util";
import { gzip } from "node:zlib";

const compress = promisify(gzip);
/** Pieces are compressed together until they are this large: small ones alone would hardly shrink. */
const MEMBER_BYTES = 32 * 1024;

interface Member {
  readonly pieces: readonly Buffer[];
  readonly compressed: Promise<Buffer>;
}

/**
 * Text compressed piece by piece. A gzip stream is a series of members that readers join by themselves, so that
 * only what changed has to be compressed anew.
 */
export class GzipCache {
  #members = new Map<Buffer, Member>();

  /** @param pieces a piece that did not change is the same object as the last time. */
  async compress(pieces: readonly Buffer[]): Promise<Buffer[]> {
    const members = new Map<Buffer, Member>();
    for (const group of groupsOf(pieces)) {
      const first = group[0] as Buffer;
      const known = this.#members.get(first);
      const isSame =
        known?.pieces.length === group.length && group.every((piece, index) => piece === known.pieces[index]);
      members.set(first, isSame && known !== undefined ? known : memberOf(group));
    }
    this.#members = members;
    return Promise.all([...members.values()].map(({ compressed }) => compressed));
  }
}

/** Level 1: others take several times as long for a few percent. */
export async function compressText(text: Buffer): Promise<Buffer> {
  return compress(text, { level: 1 });
}

function memberOf(group: readonly Buffer[]): Member {
  return { pieces: group, compressed: compressText(Buffer.concat(group)) };
}

/** A piece that is large is a group of its own, so that what comes after it does not depend on it. */
function* groupsOf(pieces: readonly Buffer[]): Generator<Buffer[]> {
  let group: Buffer[] = [];
  let bytes = 0;
  for (const piece of pieces) {
    const isLarge = piece.length >= MEMBER_BYTES;
    if (isLarge && group.length > 0) {
      yield group;
      [group, bytes] = [[], 0];
    }
    group.push(piece);
    bytes += piece.length;
    if (bytes < MEMBER_BYTES) continue;
    yield group;
    [group, bytes] = [[], 0];
  }
  if (group.length > 0) yield group;
}
