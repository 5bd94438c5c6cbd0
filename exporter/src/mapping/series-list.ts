import type { Family } from "../exposition/family.ts";
import type { Match } from "./matcher.ts";
import type { Plan, PlannedSeries } from "./plan.ts";

/** One series of a plan that is being made. */
export interface Candidate {
  readonly family: Family;
  /** Its line up to the number, by which series are told apart. */
  readonly prefix: string;
  readonly scale: number;
  /** Its time stamp in milliseconds. */
  readonly timestamp: number | undefined;
  /** Whether it looks different in other dialects. */
  readonly isSpecial: boolean;
  /** Whether its number is the leaf of the document that it comes from, but for the scale. */
  readonly isPlain: boolean;
}

interface Entry extends Candidate {
  readonly match: Match;
  readonly value: number;
  /** Another field took its place. */
  isDead: boolean;
}

/** Why a series was not added. */
type Refusal = "full" | "duplicate" | "other spelling";

/** Collects the series of a plan, each once, and settles which of several fields gives it. */
export class SeriesList {
  readonly #limit: number;
  readonly #entries: Entry[] = [];
  readonly #byPrefix = new Map<string, Entry>();
  #isRepeatable = true;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @returns the place of the series, or why it was not added. */
  add(candidate: Candidate, match: Match, value: number): number | Refusal {
    const other = this.#byPrefix.get(candidate.prefix);
    if (other !== undefined) return this.#settle(other, candidate, match, value);
    if (this.#byPrefix.size >= this.#limit) return "full";
    return this.#push(candidate, match, value);
  }

  /** The line of a series, up to the number. */
  prefixOf(place: number): string {
    return this.#entries[place]?.prefix ?? "";
  }

  /** What of a plan is about series. */
  finish(): Pick<Plan, "families" | "special" | "series" | "isRepeatable"> {
    const slots = new Map<Family, number>();
    const special = new Set<Family>();
    const series = this.#entries.map((entry): PlannedSeries => {
      const { family, prefix, value, timestamp, scale, isPlain, isSpecial, isDead } = entry;
      if (isDead) return { slot: DEAD, prefix, value, timestamp, scale, isPlain };
      if (isSpecial) special.add(family);
      const slot = slots.get(family) ?? slots.set(family, slots.size).size - 1;
      return { slot, prefix, value, timestamp, scale, isPlain };
    });
    return { families: [...slots.keys()], special, series, isRepeatable: this.#isRepeatable };
  }

  #push(candidate: Candidate, match: Match, value: number): number {
    const entry = { ...candidate, match, value, isDead: false };
    this.#byPrefix.set(candidate.prefix, entry);
    return this.#entries.push(entry) - 1;
  }

  #settle(other: Entry, candidate: Candidate, match: Match, value: number): number | Refusal {
    const isSameRule = other.match.rule === match.rule;
    if (isSameRule && other.match.spelling < match.spelling) return "other spelling";
    const policy = isSameRule ? match.rule.definition.duplicate : "first";
    const isPreferred = isSameRule && match.spelling < other.match.spelling;
    if (policy === "first" && !isPreferred) return "duplicate";
    other.isDead = true;
    if (policy === "first" || policy === "last" || isPreferred) return this.#push(candidate, match, value);
    // A number made of several fields: which these are is looked at anew for each version.
    this.#isRepeatable = false;
    return this.#push({ ...candidate, isPlain: false }, match, combine(policy, other.value, value));
  }
}

/** The slot of a series whose place another field took. */
export const DEAD = -1;

function combine(policy: "sum" | "min" | "max", a: number, b: number): number {
  return policy === "sum" ? a + b : policy === "min" ? Math.min(a, b) : Math.max(a, b);
}
