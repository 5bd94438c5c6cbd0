import type { DropReason } from "../drops.ts";
import type { Family } from "../exposition/family.ts";
import { type Container, isContainer, isList, lookUp } from "./document.ts";
import { readTimestamp, type TimestampFormat } from "./timestamps.ts";
import { scale } from "./values.ts";

/**
 * What the rules make of one shape of document, worked out once: nearly always an output's next version differs
 * in its numbers alone. Then its text is the prefixes of before with the new numbers behind them; no rule is
 * matched, no label written, no duplicate looked for.
 */
export interface Plan {
  readonly shape: Shape;
  /** The metrics that it has series of. */
  readonly families: readonly Family[];
  /** By series: its line up to the number, in canonical form. */
  readonly prefixes: readonly string[];
  /** By series: how its number comes to be. */
  readonly kinds: readonly SeriesKind[];
  /** Metrics whose samples look different in other dialects: time stamps, or names that need quotes. */
  readonly special: ReadonlySet<Family>;
  /** Series whose number does not depend on a number in the document alone. */
  readonly constants: readonly ConstantSeries[];
  /** Paths that labels were taken from, with what was there. */
  readonly guards: readonly (readonly [path: string, value: unknown])[];
  /** Times that series carry. */
  readonly stamps: readonly { readonly path: string; readonly format: TimestampFormat }[];
  /** What is dropped of each version of this shape. */
  readonly drops: readonly DropReason[];
  /** How many series it gives. */
  readonly size: number;
  /** False where the next version has to be looked at anew. */
  readonly isReplayable: boolean;
}

/** What series of one rule and metric have in common. */
export interface SeriesKind {
  /** Place of its family among the plan's. */
  readonly slot: number;
  readonly scale: number;
  readonly isCounter: boolean;
  /** Place of its time among the plan's stamps; -1: none. */
  readonly stamp: number;
}

export interface ConstantSeries {
  readonly prefix: string;
  readonly kind: SeriesKind;
  readonly value: number;
}

/** An object or a list as it was: the same parts in the same order. */
export interface Shape {
  readonly isList: boolean;
  readonly names: string[];
  readonly parts: ShapePart[];
  /** There is more that the limit of series leaves out. */
  isCut: boolean;
}

/** Place of the number's series among the plan's; what to skip; a text that must be the same; or parts. */
export type ShapePart = number | { readonly exactly: unknown } | Shape;

/** Parts to skip, by what they are: something else there might be a series. */
export const SKIP = { number: -1, string: -2, null: -3, boolean: -4, container: -5 } as const;

export function skipOf(value: unknown): number {
  if (value === null) return SKIP.null;
  if (typeof value === "object") return SKIP.container;
  return typeof value === "number" ? SKIP.number : typeof value === "string" ? SKIP.string : SKIP.boolean;
}

/**
 * The text of a document by its plan: by family the samples.
 *
 * @returns undefined where the document has another shape, or a number that cannot be a sample.
 */
export function replay(plan: Plan, document: Container): string[] | undefined {
  if (plan.guards.some(([path, value]) => lookUp(document, path) !== value)) return undefined;
  const suffixes: string[] = [];
  for (const { path, format } of plan.stamps) {
    const time = readTimestamp(lookUp(document, path), format);
    if (time === undefined) return undefined;
    suffixes.push(` ${time}\n`);
  }
  const texts = plan.families.map(() => "");
  for (const { prefix, kind, value } of plan.constants) {
    texts[kind.slot] += `${prefix}${value}${suffixes[kind.stamp] ?? "\n"}`;
  }
  return new Replay(plan, texts, suffixes).walk(plan.shape, document) ? texts : undefined;
}

class Replay {
  readonly #prefixes: readonly string[];
  readonly #kinds: readonly SeriesKind[];
  readonly #texts: string[];
  readonly #suffixes: readonly string[];

  constructor(plan: Plan, texts: string[], suffixes: readonly string[]) {
    this.#prefixes = plan.prefixes;
    this.#kinds = plan.kinds;
    this.#texts = texts;
    this.#suffixes = suffixes;
  }

  walk(shape: Shape, container: Container): boolean {
    if (isList(container)) return shape.isList && this.#walkList(shape, container);
    return !shape.isList && this.#walkObject(shape, container);
  }

  #walkList({ parts, isCut }: Shape, list: readonly unknown[]): boolean {
    if (isCut ? list.length < parts.length : list.length !== parts.length) return false;
    for (let at = 0; at < parts.length; at++) {
      if (!this.#take(parts[at] as ShapePart, list[at])) return false;
    }
    return true;
  }

  #walkObject({ names, parts, isCut }: Shape, object: Readonly<Record<string, unknown>>): boolean {
    let at = 0;
    // JSON.parse makes objects without inherited names; this is the fastest way through them.
    for (const name in object) {
      if (at === parts.length) return isCut;
      if (names[at] !== name || !this.#take(parts[at] as ShapePart, object[name])) return false;
      at++;
    }
    return at === parts.length;
  }

  #take(part: ShapePart, value: unknown): boolean {
    if (typeof part === "number") {
      return part < 0 ? skipOf(value) === part : this.#write(part, value);
    }
    if ("exactly" in part) return part.exactly === value;
    return isContainer(value) && this.walk(part, value);
  }

  #write(series: number, value: unknown): boolean {
    let number: number;
    if (typeof value === "number") number = value;
    else if (typeof value === "boolean") number = value ? 1 : 0;
    else return false;
    const prefix = this.#prefixes[series] as string;
    // Another field took its place.
    if (prefix === "") return true;
    const kind = this.#kinds[series] as SeriesKind;
    if (kind.scale !== 1) number = scale(number, kind.scale);
    if (!Number.isFinite(number) || (kind.isCounter && number < 0)) return false;
    this.#texts[kind.slot] += prefix + number + (kind.stamp < 0 ? "\n" : this.#suffixes[kind.stamp]);
    return true;
  }
}

/** What tells a plan's series apart, by which two outputs may give the same one. */
export function* seriesIds({ prefixes, constants }: Plan): Generator<string> {
  for (const prefix of prefixes) if (prefix !== "") yield prefix;
  for (const { prefix } of constants) yield prefix;
}
