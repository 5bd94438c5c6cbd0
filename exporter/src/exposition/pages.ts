import type { Family } from "./family.ts";
import type { OutputFragments } from "./output-fragments.ts";
import { type Dialect, familyHeader } from "./text.ts";
import { translateSamples } from "./translate.ts";

/** Fewest outputs on a page. */
const MIN_PAGE = 16;
/** Memory below this is not worth giving back. */
const MIN_SPARE = 256;
const NOTHING = Buffer.alloc(0);

/** Samples of some outputs. */
interface Page {
  /** The bytes; undefined where they have to be joined anew. */
  bytes: Buffer | undefined;
  /** Memory for them. */
  readonly memory: Buffer;
}

/** The samples of one metric, page by page, as bytes that are ready to be sent. */
interface Block {
  readonly family: Family;
  readonly headers: Map<string, Buffer>;
  /** By page and variant. */
  readonly pages: Map<string, Page>[];
  /** Whether its samples look different in other dialects. */
  isSpecial: boolean;
}

/**
 * The text of all outputs: by metric, and within it by the order of the outputs' keys. Some neighbouring outputs
 * make a page; when one of them changes, only its page is joined anew. A scrape is a list of pages.
 */
export class Pages {
  readonly #blocks = new Map<Family, Block>();
  #sorted: readonly Block[] | undefined;
  /** Who is sending pieces now. */
  #holders = 0;
  /** The outputs of each page. */
  #members: readonly (readonly OutputFragments[])[] = [];

  /** Lay all outputs out anew: there are others than before. */
  layOut(outputs: readonly OutputFragments[]): void {
    const size = Math.max(MIN_PAGE, Math.ceil(Math.sqrt(outputs.length)));
    const members: OutputFragments[][] = [];
    for (const [index, output] of outputs.entries()) {
      if (index % size === 0) members.push([]);
      output.page = members.length - 1;
      members.at(-1)?.push(output);
    }
    this.#members = members;
    this.#blocks.clear();
    this.#sorted = undefined;
    for (const output of outputs) this.touch(output, output.families);
  }

  /** These metrics of an output are not what they were. */
  touch(output: OutputFragments, families: readonly Family[]): void {
    if (output.page === -1) return;
    for (const family of families) {
      const block = this.#blockOf(family);
      if (output.isSpecial(family)) block.isSpecial = true;
      for (const page of block.pages[output.page]?.values() ?? []) page.bytes = undefined;
    }
  }

  /** These metrics have no samples any more. */
  forget(families: readonly Family[]): void {
    for (const family of families) if (this.#blocks.delete(family)) this.#sorted = undefined;
  }

  /** Leave all bytes as they are, as they are being sent, until the returned function is called. */
  hold(): () => void {
    this.#holders += 1;
    let isHeld = true;
    return () => {
      if (isHeld) this.#holders -= 1;
      isHeld = false;
    };
  }

  /** The whole text in a dialect, in pieces. A piece that did not change is the same object as the last time. */
  pieces(dialect: Dialect): Buffer[] {
    this.#sorted ??= [...this.#blocks.values()].sort((a, b) => (a.family.name < b.family.name ? -1 : 1));
    const pieces: Buffer[] = [];
    for (const block of this.#sorted) {
      const start = pieces.length;
      const variant = variantOf(block, dialect);
      for (const [index, page] of block.pages.entries()) {
        const bytes = page.get(variant)?.bytes ?? this.#join(block, index, dialect, variant);
        if (bytes.length > 0) pieces.push(bytes);
      }
      if (pieces.length > start) pieces.splice(start, 0, headerOf(block, dialect, start === 0));
    }
    return pieces;
  }

  #blockOf(family: Family): Block {
    const known = this.#blocks.get(family);
    if (known !== undefined) return known;
    const pages = this.#members.map(() => new Map<string, Page>());
    const block: Block = { family, headers: new Map(), pages, isSpecial: false };
    this.#blocks.set(family, block);
    this.#sorted = undefined;
    return block;
  }

  #join(block: Block, page: number, dialect: Dialect, variant: string): Buffer {
    const known = block.pages[page]?.get(variant) ?? { bytes: undefined, memory: NOTHING };
    const samples = (this.#members[page] ?? []).flatMap((output) => output.samplesOf(block.family) ?? []);
    const memory = this.#memoryFor(known.memory, samples);
    let bytes: Buffer = NOTHING;
    if (variant === PLAIN) {
      let end = 0;
      for (const some of samples) end += some.copy(memory, end);
      // A new object over the same memory: what is the same object is known not to have changed.
      bytes = memory.subarray(0, end);
    } else bytes = Buffer.from(translateSamples(Buffer.concat(samples).toString(), dialect));
    block.pages[page]?.set(variant, { bytes, memory: variant === PLAIN ? memory : NOTHING });
    return bytes;
  }

  /** Memory that is large enough: the one of before, unless it is being sent. */
  #memoryFor(before: Buffer, samples: readonly Buffer[]): Buffer {
    const needed = samples.reduce((sum, { length }) => sum + length, 0);
    if (this.#holders === 0 && before.length >= needed && before.length <= 2 * needed + MIN_SPARE)
      return before;
    return Buffer.allocUnsafeSlow(needed + (needed >> 5));
  }
}

const PLAIN = "plain";

/** Dialects with the same variant of a block have the same samples. */
function variantOf(block: Block, { format, scheme }: Dialect): string {
  if (block.isSpecial) return `${format} ${scheme}`;
  return scheme === "dots" ? scheme : PLAIN;
}

/** In the text format a blank line keeps the metrics apart for people; OpenMetrics allows none. */
function headerOf({ family, headers }: Block, dialect: Dialect, isFirst: boolean): Buffer {
  const lead = dialect.format === "text" && !isFirst ? "\n" : "";
  const id = `${dialect.format} ${dialect.scheme} ${isFirst}`;
  let header = headers.get(id);
  if (header === undefined) {
    header = Buffer.from(`${lead}${familyHeader(family, dialect)}`);
    headers.set(id, header);
  }
  return header;
}
