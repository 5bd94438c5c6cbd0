import { skipNumber, skipString } from "./json-bytes.ts";
import { type Plan, type PlannedSeries, textsOf } from "./plan.ts";
import { compact, SKIP_BOOLEAN, SKIP_STRING, skeletonOf } from "./template-builder.ts";
import { scale } from "./values.ts";

/** Longest number that is taken as it is written; any that a double has can be written in that many characters. */
const NUMBER_LENGTH = 25;
/** A document that is longer is not worth the memory. */
const MAX_BYTES = 4 * 1024 ** 2;
const NEWLINE = 0x0a;
const MINUS = 0x2d;

/** The samples of one document, as bytes: by family, one after the other. */
export interface Fragments {
  readonly bytes: Buffer;
  /** Where each family's samples end. */
  readonly ends: readonly number[];
}

export interface Rendered {
  readonly fragments: Fragments;
  /** Places of the families whose samples are others than before. */
  readonly changed: readonly number[];
}

/** No samples. */
export const NO_FRAGMENTS: Fragments = { bytes: Buffer.alloc(0), ends: [] };

/** Where fragments are put together before it is known how long they are. */
let scratch = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * Writes an output's next version. Nearly always its text differs from the one before in numbers alone, and in
 * texts that are no series, such as a time. Then the bytes in between are compared, and those of the numbers copied
 * behind the prefixes of before: nothing is parsed, matched, formatted or allocated.
 */
export class Template {
  readonly #literals: Uint8Array;
  readonly #gaps: Int32Array;
  readonly #prefixes: Uint8Array;
  /** By series: where its prefix ends. */
  readonly #prefixEnds: Int32Array;
  /** By series: its family. */
  readonly #slots: Int32Array;
  /** By family: samples that stay as they are. */
  readonly #fixed: readonly (Buffer | undefined)[];
  /** By family: where it starts in the scratch. */
  readonly #starts: Int32Array;
  /** By series, where it is not 1. */
  readonly #scales: ReadonlyMap<number, number>;
  /** By family. */
  readonly #isCounter: readonly boolean[];

  /** @returns undefined where versions of this document differ in more than a template can say. */
  static of(bytes: Buffer, plan: Plan): Template | undefined {
    if (bytes.length > MAX_BYTES || !plan.isRepeatable) return undefined;
    if (plan.series.some(({ timestamp }) => timestamp !== undefined)) return undefined;
    const skeleton = skeletonOf(bytes, plan);
    return skeleton === undefined ? undefined : new Template(plan, skeleton.literals, skeleton.gaps);
  }

  private constructor(plan: Plan, literals: Uint8Array, gaps: Int32Array) {
    this.#literals = literals;
    this.#gaps = gaps;
    const isPlain = new Set<number>();
    for (let gap = 1; gap < gaps.length; gap += 2)
      if ((gaps[gap] as number) >= 0) isPlain.add(gaps[gap] as number);
    const { series } = plan;
    const written = series.map(({ prefix }, index) => Buffer.from(isPlain.has(index) ? prefix : ""));
    this.#prefixes = compact(written);
    let end = 0;
    this.#prefixEnds = Int32Array.from(written, ({ length }) => (end += length));
    this.#slots = Int32Array.from(series, ({ slot }) => slot);
    this.#fixed = fixedTexts(plan, isPlain);
    this.#starts = startsOf(plan, written, this.#fixed);
    this.#scales = new Map(series.flatMap((one, index) => (one.scale === 1 ? [] : [[index, one.scale]])));
    this.#isCounter = plan.families.map(({ type }) => type === "counter");
  }

  /**
   * The samples of a version.
   *
   * @param before those of the version before; its bytes are written to where there is room.
   * @returns undefined where the version differs in more than numbers, or one of them cannot be a sample.
   */
  render(input: Buffer, before: Fragments): Rendered | undefined {
    const literals = this.#literals;
    const gaps = this.#gaps;
    const ends = this.#begin();
    let at = 0;
    let literal = 0;
    for (let gap = 0; gap < gaps.length; gap += 2) {
      for (const end = literal + (gaps[gap] as number); literal < end; literal++, at++) {
        if (input[at] !== literals[literal]) return undefined;
      }
      const what = gaps[gap + 1] as number;
      const start = at;
      if (what === SKIP_STRING) at = skipString(input, start);
      else if (what === SKIP_BOOLEAN) at = skipBoolean(input, start);
      else {
        at = skipNumber(input, start);
        if (what >= 0) {
          if (at === -1) at = this.#writeBoolean(input, start, what, ends);
          else if (!this.#writeNumber(input, start, at, what, ends)) return undefined;
        }
      }
      if (at === -1) return undefined;
    }
    for (; literal < literals.length; literal++, at++) if (input[at] !== literals[literal]) return undefined;
    return at === input.length ? this.#finish(ends, before) : undefined;
  }

  /** The samples that stay as they are. */
  #begin(): Int32Array {
    const needed = this.#starts.at(-1) as number;
    if (scratch.length < needed) scratch = Buffer.allocUnsafeSlow(needed * 2);
    const ends = this.#starts.slice(0, -1);
    for (const [slot, text] of this.#fixed.entries()) {
      if (text !== undefined) ends[slot] = (ends[slot] as number) + text.copy(scratch, ends[slot]);
    }
    return ends;
  }

  #writeNumber(input: Buffer, start: number, end: number, series: number, ends: Int32Array): boolean {
    const slot = this.#slots[series] as number;
    // Another field took its place.
    if (slot < 0) return true;
    if (this.#scales.size > 0 || end - start > NUMBER_LENGTH || hasExponent(input, start, end)) {
      return this.#writeAnew(input, start, end, series, slot, ends);
    }
    if (input[start] === MINUS && this.#isCounter[slot]) return false;
    const target = scratch;
    let at = this.#writePrefix(series, ends[slot] as number);
    for (let from = start; from < end; from++) target[at++] = input[from] as number;
    target[at++] = NEWLINE;
    ends[slot] = at;
    return true;
  }

  /** A number that is not what is written. */
  #writeAnew(
    input: Buffer,
    start: number,
    end: number,
    series: number,
    slot: number,
    ends: Int32Array,
  ): boolean {
    const text = input.toString("latin1", start, end);
    const value = scale(Number(text), this.#scales.get(series) ?? 1);
    if (!Number.isFinite(value) || (value < 0 && this.#isCounter[slot])) return false;
    const at = this.#writePrefix(series, ends[slot] as number);
    ends[slot] = at + scratch.write(`${value}\n`, at, "latin1");
    return true;
  }

  #writeBoolean(input: Buffer, start: number, series: number, ends: Int32Array): number {
    const end = skipBoolean(input, start);
    const slot = this.#slots[series] as number;
    if (end === -1 || slot < 0) return end;
    const value = scale(input[start] === 0x74 ? 1 : 0, this.#scales.get(series) ?? 1);
    const at = this.#writePrefix(series, ends[slot] as number);
    ends[slot] = at + scratch.write(`${value}\n`, at, "latin1");
    return end;
  }

  #writePrefix(series: number, start: number): number {
    const prefixes = this.#prefixes;
    const target = scratch;
    const end = this.#prefixEnds[series] as number;
    let at = start;
    for (let from = series === 0 ? 0 : (this.#prefixEnds[series - 1] as number); from < end; from++) {
      target[at++] = prefixes[from] as number;
    }
    return at;
  }

  #finish(ends: Int32Array, before: Fragments): Rendered {
    const starts = this.#starts;
    const changed: number[] = [];
    let length = 0;
    for (let slot = 0; slot < ends.length; slot++) {
      const [start, end] = [starts[slot] as number, ends[slot] as number];
      length += end - start;
      if (!isSame(before, slot, start, end)) changed.push(slot);
    }
    if (changed.length === 0 && before.ends.length === ends.length) return { fragments: before, changed };
    const hasRoom = before.bytes.length >= length && before.bytes.length <= 2 * length;
    // Some room, as the next numbers may be longer.
    const bytes = hasRoom ? before.bytes : Buffer.allocUnsafeSlow(length + (length >> 4));
    let at = 0;
    const copied: number[] = [];
    for (let slot = 0; slot < ends.length; slot++) {
      at += scratch.copy(bytes, at, starts[slot], ends[slot]);
      copied.push(at);
    }
    return { fragments: { bytes, ends: copied }, changed };
  }
}

/** Whether a family's samples in the scratch are those of before. */
function isSame({ bytes, ends }: Fragments, slot: number, start: number, end: number): boolean {
  const knownStart = slot === 0 ? 0 : ends[slot - 1];
  const knownEnd = ends[slot];
  if (knownStart === undefined || knownEnd === undefined || knownEnd - knownStart !== end - start)
    return false;
  return scratch.compare(bytes, knownStart, knownEnd, start, end) === 0;
}

/** By family the samples whose number is not in a gap. */
function fixedTexts(plan: Plan, isPlain: ReadonlySet<number>): (Buffer | undefined)[] {
  const series = plan.series.filter((_, index) => !isPlain.has(index));
  return textsOf({ ...plan, series }).map((text) => (text === "" ? undefined : Buffer.from(text)));
}

/** Where the families start in the scratch, so that each has room for its longest text; and where the last ends. */
function startsOf(
  plan: Plan,
  prefixes: readonly Buffer[],
  fixed: readonly (Buffer | undefined)[],
): Int32Array {
  const room = fixed.map((text) => text?.length ?? 0);
  for (const [index, { slot }] of plan.series.entries() as ArrayIterator<[number, PlannedSeries]>) {
    if (slot >= 0) room[slot] = (room[slot] as number) + (prefixes[index]?.length ?? 0) + NUMBER_LENGTH + 1;
  }
  let end = 0;
  return Int32Array.from([0, ...room.map((bytes) => (end += bytes))]);
}

function hasExponent(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === 0x65 || bytes[at] === 0x45) return true;
  return false;
}

/** After `true` or `false`. */
function skipBoolean(bytes: Uint8Array, at: number): number {
  if (bytes[at] === 0x74 && bytes[at + 1] === 0x72 && bytes[at + 2] === 0x75 && bytes[at + 3] === 0x65)
    return at + 4;
  const isFalse =
    bytes[at] === 0x66 &&
    bytes[at + 1] === 0x61 &&
    bytes[at + 2] === 0x6c &&
    bytes[at + 3] === 0x73 &&
    bytes[at + 4] === 0x65;
  return isFalse ? at + 5 : -1;
}
