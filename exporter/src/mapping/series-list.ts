import type { Family } from "../exposition/family.ts";
import type { Match } from "./matcher.ts";
import type { ConstantSeries, Plan, SeriesKind } from "./plan.ts";

/** One series of a plan that is being made. */
export interface Candidate {
  readonly family: Family;
  /** Its line up to the number, by which series are told apart. */
  readonly prefix: string;
  readonly scale: number;
  /** Whether it looks different in other dialects. */
  readonly isSpecial: boolean;
  /** Place of its time among the plan's stamps; -1: none. */
  readonly stamp: number;
}

/** A series that was added. */
export interface SeriesEntry extends Candidate {
  /** Place among the plan's series. */
  readonly index: number;
  readonly match: Match;
  value: number;
  isConstant: boolean;
  /** Another field took its place. */
  isDead: boolean;
}

/** Why a series was not added. */
type Refusal = "full" | "duplicate" | "other spelling";

/** Collects the series of a plan, each once, and settles which of several fields gives it. */
export class SeriesList {
  readonly #limit: number;
  readonly #entries: SeriesEntry[] = [];
  readonly #byPrefix = new Map<string, SeriesEntry>();
  #isReplayable = true;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(candidate: Candidate, match: Match, value: number): SeriesEntry | Refusal {
    const other = this.#byPrefix.get(candidate.prefix);
    if (other !== undefined) return this.#settle(other, candidate, match, value);
    if (this.#byPrefix.size >= this.#limit) return "full";
    return this.#push(candidate, match, value);
  }

  /** The part of the shape for a series whose number is the leaf itself. */
  plain(entry: SeriesEntry): number {
    return entry.index;
  }

  /** The part of the shape for a series whose number holds as long as the leaf is the same. */
  constant(entry: SeriesEntry, leaf: unknown): { readonly exactly: unknown } {
    entry.isConstant = true;
    return { exactly: leaf };
  }

  /** What of a plan is about series. */
  finish(): Pick<
    Plan,
    "families" | "special" | "prefixes" | "kinds" | "constants" | "isReplayable" | "size"
  > {
    const slots = new Map<Family, number>();
    const special = new Set<Family>();
    const known = new Map<string, SeriesKind>();
    const kindOf = ({ family, match, scale, stamp }: SeriesEntry): SeriesKind => {
      const slot = slots.get(family) ?? slots.set(family, slots.size).size - 1;
      const isCounter = family.type === "counter";
      const id = `${slot} ${scale} ${stamp} ${match.rule.at}`;
      const kind = known.get(id) ?? { slot, scale, isCounter, stamp };
      known.set(id, kind);
      return kind;
    };
    const prefixes: string[] = [];
    const kinds: SeriesKind[] = [];
    const constants: ConstantSeries[] = [];
    for (const entry of this.#entries) {
      if (entry.isSpecial) special.add(entry.family);
      const kind = entry.isDead ? NONE : kindOf(entry);
      prefixes.push(entry.isDead || entry.isConstant ? "" : entry.prefix);
      kinds.push(kind);
      if (entry.isConstant && !entry.isDead)
        constants.push({ prefix: entry.prefix, kind, value: entry.value });
    }
    return {
      families: [...slots.keys()],
      special,
      prefixes,
      kinds,
      constants,
      isReplayable: this.#isReplayable,
      size: this.#byPrefix.size,
    };
  }

  #push(candidate: Candidate, match: Match, value: number): SeriesEntry {
    const index = this.#entries.length;
    const entry = { ...candidate, index, match, value, isConstant: false, isDead: false };
    this.#entries.push(entry);
    this.#byPrefix.set(candidate.prefix, entry);
    return entry;
  }

  #settle(other: SeriesEntry, candidate: Candidate, match: Match, value: number): SeriesEntry | Refusal {
    const isSameRule = other.match.rule === match.rule;
    if (isSameRule && other.match.spelling < match.spelling) return "other spelling";
    const policy = isSameRule ? match.rule.definition.duplicate : "first";
    const isPreferred = isSameRule && match.spelling < other.match.spelling;
    if (policy === "first" && !isPreferred) return "duplicate";
    other.isDead = true;
    if (policy === "first" || policy === "last" || isPreferred) return this.#push(candidate, match, value);
    // A number made of several fields: which these are is looked at anew for each version.
    this.#isReplayable = false;
    const entry = this.#push(candidate, match, combine(policy, other.value, value));
    entry.isConstant = true;
    return entry;
  }
}

const NONE: SeriesKind = { slot: -1, scale: 1, isCounter: false, stamp: -1 };

function combine(policy: "sum" | "min" | "max", a: number, b: number): number {
  return policy === "sum" ? a + b : policy === "min" ? Math.min(a, b) : Math.max(a, b);
}
