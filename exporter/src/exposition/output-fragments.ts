import { hash } from "node:crypto";
import type { DropReason } from "../drops.ts";
import type { Selection } from "../mapping/matcher.ts";
import { type Plan, textsOf } from "../mapping/plan.ts";
import { type Fragments, NO_FRAGMENTS, Template } from "../mapping/template.ts";
import { functionLabels, type Output } from "../outputs/output.ts";
import type { Family } from "./family.ts";
import { OUTPUT_PARSE_ERRORS, OUTPUT_SERIES, OUTPUT_TIMESTAMP, OUTPUT_UP } from "./meta-families.ts";
import { samplePrefix } from "./text.ts";

/** Why an output has no series now; `gone` and `stale` are nobody's fault. */
export type Absence = DropReason | "gone" | "stale";

const META = [OUTPUT_UP, OUTPUT_SERIES, OUTPUT_PARSE_ERRORS, OUTPUT_TIMESTAMP];

/** An output with its samples as ready text, a fragment per metric family. */
export class OutputFragments {
  output: Output;
  /** The rules that apply to it. */
  selection: Selection;
  /** Place of the page that it is on. */
  page = -1;
  /** Why it has no series; undefined where it is exported. */
  absence: Absence | undefined = "gone";
  /** When its bytes were last seen to change, in milliseconds. */
  changedAt = 0;
  parseErrors = 0;
  /** By origin, its samples that other outputs give already; see Twins. */
  readonly suppressed = new Map<string, ReadonlySet<string>>();
  /** What is dropped of its latest version. */
  drops: readonly DropReason[] = [];
  /** Metrics that it has samples of, besides those about itself. */
  #families: readonly Family[] = [];
  #special: ReadonlySet<Family> = new Set();
  #template: Template | undefined;
  #fragments = NO_FRAGMENTS;
  #seriesCount = 0;
  #digest: string | undefined;

  constructor(output: Output, selection: Selection) {
    this.output = output;
    this.selection = selection;
  }

  /** Metrics that it has samples of. */
  get families(): readonly Family[] {
    return [...this.#families, ...META];
  }

  /** Those of them that rules make of its content. */
  get ownFamilies(): readonly Family[] {
    return this.#families;
  }

  /** Whether its samples of a metric look different in other dialects. */
  isSpecial(family: Family): boolean {
    return this.#special.has(family);
  }

  /** Whether it has samples, be they stale or not. */
  get hasSamples(): boolean {
    return this.#fragments !== NO_FRAGMENTS;
  }

  /** Number of series that it gives, those left out for other outputs' sake included. */
  get size(): number {
    return this.absence === undefined ? this.#seriesCount : 0;
  }

  /**
   * Whether bytes are the ones of before. Where a version costs less to write than to compare, and nobody counts
   * versions, they pass for new. One that is not exported is planned anew each time, which costs far more.
   */
  isSame(bytes: Buffer, now: number): boolean {
    const isWatched = this.output.storedAt === undefined && this.output.staleAfter !== undefined;
    const isCheap = this.absence === undefined && this.#template !== undefined;
    if (isCheap && this.drops.length === 0 && !isWatched) {
      this.#digest = undefined;
      return false;
    }
    const before = this.#digest;
    this.remember(bytes);
    if (this.#digest === before) return true;
    this.changedAt = now;
    return false;
  }

  /** Note bytes, so that they are known when they come again. */
  remember(bytes: Buffer): void {
    this.#digest = hash("sha1", bytes);
  }

  /** Forget the bytes, so that the next ones count as new whatever they are. */
  forget(): void {
    this.#digest = undefined;
  }

  /** Have the rules look at the next version anew, even where it is the one of before. */
  lookAgain(): void {
    this.#template = undefined;
    this.#digest = undefined;
  }

  /**
   * Write the samples of a version that has the shape of the one before.
   *
   * @returns the metrics whose samples changed; undefined where the version has another shape.
   */
  repeat(bytes: Buffer): Family[] | undefined {
    const written = this.#template?.render(bytes, this.#fragments);
    if (written === undefined) return undefined;
    this.#fragments = written.fragments;
    return written.changed.map((slot) => this.#families[slot] as Family);
  }

  /** Write the samples of a version as its plan says. */
  write(bytes: Buffer, plan: Plan): void {
    this.#families = plan.families;
    this.#special = plan.special;
    this.#seriesCount = plan.series.reduce((count, { slot }) => (slot < 0 ? count : count + 1), 0);
    this.#template = Template.of(bytes, plan);
    this.#fragments = this.#template?.render(bytes, NO_FRAGMENTS)?.fragments ?? joinTexts(textsOf(plan));
  }

  /** Forget all samples. */
  clear(): void {
    this.#families = [];
    this.#special = new Set();
    this.#template = undefined;
    this.#fragments = NO_FRAGMENTS;
    this.#seriesCount = 0;
  }

  /** When it becomes stale, in milliseconds; undefined where it never does. */
  get staleAt(): number | undefined {
    const { staleAfter, storedAt } = this.output;
    return staleAfter === undefined ? undefined : (storedAt ?? this.changedAt) + staleAfter * 1000;
  }

  /** What tells its series apart from others: their lines up to the number. */
  *ids(): Generator<string> {
    if (this.output.storedAt !== undefined) yield this.#timestampId;
    for (const family of this.#families) {
      for (const line of this.#textOf(family).split("\n"))
        if (line !== "") yield idOf(line, this.isSpecial(family));
    }
  }

  /** Its samples of a metric, in canonical form; undefined where it has none. */
  samplesOf(family: Family): Buffer | undefined {
    const key = this.output.key.toWellFormed();
    switch (family) {
      case OUTPUT_UP:
        return sample(family, key, this.absence === undefined ? 1 : 0, this.#announcedBy);
      case OUTPUT_SERIES:
        return sample(family, key, Math.max(0, this.size - this.#suppressedCount()));
      case OUTPUT_PARSE_ERRORS:
        return sample(family, key, this.parseErrors);
      case OUTPUT_TIMESTAMP: {
        const { storedAt } = this.output;
        if (this.absence !== undefined || storedAt === undefined || this.#isSuppressed(this.#timestampId))
          return undefined;
        return Buffer.from(`${this.#timestampId}${storedAt / 1000}\n`);
      }
      default: {
        if (this.absence !== undefined) return undefined;
        const slot = this.#families.indexOf(family);
        if (slot === -1) return undefined;
        if (this.suppressed.size === 0) return slotOf(this.#fragments, slot);
        const lines = this.#textOf(family).split("\n");
        const isSpecial = this.isSpecial(family);
        return Buffer.from(lines.filter((line) => !this.#isSuppressed(idOf(line, isSpecial))).join("\n"));
      }
    }
  }

  #textOf(family: Family): string {
    return slotOf(this.#fragments, this.#families.indexOf(family)).toString();
  }

  /** The function that announced it; nothing where another program wrote it. */
  get #announcedBy(): [name: string, text: string][] {
    const { storedAt, functionName } = this.output;
    return storedAt === undefined ? [] : [["function", functionName.toWellFormed()]];
  }

  get #timestampId(): string {
    return samplePrefix(OUTPUT_TIMESTAMP.name, Object.entries(functionLabels(this.output)), "allow-utf-8");
  }

  #isSuppressed(id: string): boolean {
    for (const ids of this.suppressed.values()) if (ids.has(id)) return true;
    return false;
  }

  #suppressedCount(): number {
    const ids = new Set<string>();
    for (const some of this.suppressed.values()) for (const id of some) ids.add(id);
    ids.delete(this.#timestampId);
    return ids.size;
  }
}

function sample(
  family: Family,
  key: string,
  value: number,
  further: readonly [name: string, text: string][] = [],
): Buffer {
  return Buffer.from(`${samplePrefix(family.name, [["key", key], ...further], "allow-utf-8")}${value}\n`);
}

function slotOf({ bytes, ends }: Fragments, slot: number): Buffer {
  return bytes.subarray(slot <= 0 ? 0 : ends[slot - 1], ends[slot]);
}

function joinTexts(texts: readonly string[]): Fragments {
  const buffers = texts.map((text) => Buffer.from(text));
  let end = 0;
  return { bytes: Buffer.concat(buffers), ends: buffers.map(({ length }) => (end += length)) };
}

/** A line up to its number, behind which a time stamp may stand where the metric is special. */
function idOf(line: string, isSpecial: boolean): string {
  const end = line.lastIndexOf(" ") + 1;
  // What stands between two blanks is the number, unless it is the end of a label with a blank in it.
  const before = isSpecial ? line.lastIndexOf(" ", end - 2) + 1 : 0;
  return before > 0 && !/[}"]/.test(line.slice(before, end)) ? line.slice(0, before) : line.slice(0, end);
}
