import type { DropReason } from "../drops.ts";
import type { Family } from "../exposition/family.ts";

/** What the rules make of one document. */
export interface Plan {
  /** The metrics that it has series of. */
  readonly families: readonly Family[];
  /** Metrics whose samples look different in other dialects: time stamps, or names that need quotes. */
  readonly special: ReadonlySet<Family>;
  readonly series: readonly PlannedSeries[];
  readonly drops: readonly DropReason[];
  /** Where in the document the series' numbers come from; for {@link Template} to start from. */
  readonly shape: Shape;
  /** Paths that labels were taken from. */
  readonly guards: ReadonlySet<string>;
  /** False where a document of the same shape may still give other series, or combined numbers. */
  readonly isRepeatable: boolean;
}

/** One series. */
export interface PlannedSeries {
  /** Place of its family among the plan's. */
  readonly slot: number;
  /** Its line up to the number, in canonical form. */
  readonly prefix: string;
  readonly value: number;
  /** Its time stamp in milliseconds. */
  readonly timestamp: number | undefined;
  readonly scale: number;
  /** Whether its number is the leaf of the document that it comes from, but for the scale. */
  readonly isPlain: boolean;
}

/** An object or a list: its parts by their names. */
export interface Shape {
  readonly parts: Map<string, ShapePart>;
  /** There is more, which the limit of series leaves out. */
  isCut: boolean;
}

/** Place of the series whose number it is; what is skipped; what has to stay as it is; or parts. */
export type ShapePart = number | typeof SKIPPED | typeof FIXED | Shape;

/** A leaf that gives no series, whatever its value, as long as it is of the same kind. */
export const SKIPPED = "skipped";
/** A leaf that gives something else once it has another value. */
export const FIXED = "fixed";

/** The samples of a plan as text, by family. */
export function textsOf({ families, series }: Plan): string[] {
  const lines: string[][] = families.map(() => []);
  for (const { slot, prefix, value, timestamp } of series) {
    lines[slot]?.push(`${prefix}${value}${timestamp === undefined ? "" : ` ${timestamp}`}\n`);
  }
  return lines.map((some) => some.join(""));
}
