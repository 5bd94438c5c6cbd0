import type { Family } from "./family.ts";
import type { OutputFragments } from "./output-fragments.ts";
import { type Dialect, familyHeader } from "./text.ts";
import { translateSamples } from "./translate.ts";

/** Fewest outputs on a page. */
const MIN_PAGE = 16;
const NOTHING = Buffer.alloc(0);

/** The samples of one metric, page by page, as bytes that are ready to be sent. */
interface Block {
  readonly family: Family;
  readonly headers: Map<string, Buffer>;
  /** By page and variant; what is missing has to be joined. */
  readonly pages: Map<string, Buffer>[];
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
      block.pages[output.page]?.clear();
    }
  }

  /** The whole text in a dialect, in pieces. A piece that did not change is the same object as the last time. */
  pieces(dialect: Dialect): Buffer[] {
    this.#sorted ??= [...this.#blocks.values()].sort((a, b) => (a.family.name < b.family.name ? -1 : 1));
    const pieces: Buffer[] = [];
    for (const block of this.#sorted) {
      const start = pieces.length;
      const variant = variantOf(block, dialect);
      for (const [index, page] of block.pages.entries()) {
        const bytes = page.get(variant) ?? this.#join(block, index, dialect, variant);
        if (bytes.length > 0) pieces.push(bytes);
      }
      if (pieces.length > start) pieces.splice(start, 0, headerOf(block, dialect, start === 0));
    }
    return pieces;
  }

  #blockOf(family: Family): Block {
    const known = this.#blocks.get(family);
    if (known !== undefined) return known;
    const pages = this.#members.map(() => new Map<string, Buffer>());
    const block: Block = { family, headers: new Map(), pages, isSpecial: false };
    this.#blocks.set(family, block);
    this.#sorted = undefined;
    return block;
  }

  #join(block: Block, page: number, dialect: Dialect, variant: string): Buffer {
    const samples = (this.#members[page] ?? []).flatMap((output) => output.samplesOf(block.family) ?? []);
    let bytes = samples.length === 0 ? NOTHING : Buffer.concat(samples);
    if (variant !== PLAIN) bytes = Buffer.from(translateSamples(bytes.toString(), dialect));
    block.pages[page]?.set(variant, bytes);
    return bytes;
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
