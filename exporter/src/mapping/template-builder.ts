import { QUOTE, skipBlanks, skipNumber, skipString, skipWord } from "./json-bytes.ts";
import { FIXED, type Plan, type ShapePart, SKIPPED } from "./plan.ts";

/** What a gap in the text is, where it is not the number of a series. */
const SKIP_NUMBER = -1;
export const SKIP_STRING = -2;
export const SKIP_BOOLEAN = -3;

/** Objects within objects; what lies deeper is no series anyway. */
const MAX_DEPTH = 32;

/** The text that stays, and what lies between its pieces. */
export interface Skeleton {
  /** All pieces one after the other. */
  readonly literals: Uint8Array;
  /** Of each piece but the last: its length, and what follows it. */
  readonly gaps: Int32Array;
}

/**
 * Cut a document's text where its next version may differ.
 *
 * @returns undefined where that is not worth it or not possible: a name that occurs twice in an object, words that
 *   are no JSON.
 */
export function skeletonOf(bytes: Buffer, plan: Plan): Skeleton | undefined {
  return new SkeletonBuilder(bytes, plan).build();
}

/** One after the other, in memory of their own: small buffers share theirs, and one that lives long keeps all of it. */
export function compact(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const piece of pieces) {
    all.set(piece, end);
    end += piece.length;
  }
  return all;
}

class SkeletonBuilder {
  readonly #bytes: Buffer;
  readonly #plan: Plan;
  readonly #literals: Buffer[] = [];
  readonly #gaps: number[] = [];
  /** Where the current piece began. */
  #start = 0;
  #depth = 0;

  constructor(bytes: Buffer, plan: Plan) {
    this.#bytes = bytes;
    this.#plan = plan;
  }

  build(): Skeleton | undefined {
    const start = skipBlanks(this.#bytes, 0);
    const end = this.#value(start, this.#plan.shape, "");
    if (end === -1 || skipBlanks(this.#bytes, end) !== this.#bytes.length) return undefined;
    this.#literals.push(this.#bytes.subarray(this.#start));
    return { literals: compact(this.#literals), gaps: Int32Array.from(this.#gaps) };
  }

  /** @returns the position after the value; -1 where it cannot be part of a skeleton. */
  #value(at: number, part: ShapePart, path: string): number {
    switch (this.#bytes[at]) {
      case 0x7b:
        return this.#container(at, part, path, 0x7d);
      case 0x5b:
        return this.#container(at, part, path, 0x5d);
      case QUOTE:
        return this.#leaf(at, skipString(this.#bytes, at), part, path, SKIP_STRING);
      case 0x74:
      case 0x66:
        return this.#leaf(at, skipWord(this.#bytes, at), part, path, SKIP_BOOLEAN);
      case 0x6e:
        return skipWord(this.#bytes, at);
      default:
        return this.#leaf(at, skipNumber(this.#bytes, at), part, path, SKIP_NUMBER);
    }
  }

  #leaf(at: number, end: number, part: ShapePart, path: string, skip: number): number {
    if (end === -1 || part === FIXED || this.#plan.guards.has(path)) return end;
    if (typeof part === "number") {
      const series = this.#plan.series[part];
      // Its number stays what it is as long as the leaf does.
      if (series?.isPlain !== true) return end;
      this.#cut(at, end, part);
    } else if (part === SKIPPED) this.#cut(at, end, skip);
    return end;
  }

  #cut(at: number, end: number, what: number): void {
    this.#literals.push(this.#bytes.subarray(this.#start, at));
    this.#gaps.push(at - this.#start, what);
    this.#start = end;
  }

  #container(start: number, part: ShapePart, path: string, close: number): number {
    if (this.#depth === MAX_DEPTH) return -1;
    this.#depth += 1;
    const end = this.#parts(start, part, path, close);
    this.#depth -= 1;
    return end;
  }

  #parts(start: number, part: ShapePart, path: string, close: number): number {
    const isList = close === 0x5d;
    const names = new Set<string>();
    let at = skipBlanks(this.#bytes, start + 1);
    for (let index = 0; this.#bytes[at] !== close; index++) {
      if (index > 0) {
        if (this.#bytes[at] !== 0x2c) return -1;
        at = skipBlanks(this.#bytes, at + 1);
      }
      let name = String(index);
      if (!isList) {
        const end = skipString(this.#bytes, at);
        if (end === -1) return -1;
        name = JSON.parse(this.#bytes.toString("utf8", at, end)) as string;
        at = skipBlanks(this.#bytes, end);
        if (this.#bytes[at] !== 0x3a || names.has(name)) return -1;
        names.add(name);
        at = skipBlanks(this.#bytes, at + 1);
      }
      at = this.#value(at, partOf(part, name), path === "" ? name : `${path}.${name}`);
      if (at === -1) return -1;
      at = skipBlanks(this.#bytes, at);
    }
    return at + 1;
  }
}

/** What lies in a part that is skipped as a whole is skipped as well. */
function partOf(whole: ShapePart, name: string): ShapePart {
  if (typeof whole !== "object") return whole === SKIPPED ? SKIPPED : FIXED;
  return whole.parts.get(name) ?? (whole.isCut ? SKIPPED : FIXED);
}
