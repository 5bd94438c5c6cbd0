import type { DropReason } from "../drops.ts";
import { baseName, type Family } from "../exposition/family.ts";
import { ESCAPING_SCHEMES, escapeName } from "../exposition/names.ts";

/** Metrics that the exporter itself makes. */
const RESERVED = /^(?:gaugelet_exporter_|process_|nodejs_)|^gaugelet_output_timestamp_seconds$/;

/** Whether a name, as every format has it, is for metrics that the exporter itself makes. */
export function isReservedMetric(name: string): boolean {
  return RESERVED.test(escapeName(name, "underscores", "metric"));
}

/** Metrics whose names come from the data; a document with more is not one of measurements. */
const MAX_FAMILIES = 10_000;

/**
 * All metrics of a target, each with one type, help and unit, and none with the name that another one has in any
 * format: either would make a scrape fail as a whole.
 */
export class FamilyTable {
  readonly #byName = new Map<string, Family>();
  /** Names as some format has them, with the family that has them there. */
  readonly #written = new Map<string, Family>();

  constructor(families: Iterable<Family>) {
    for (const family of families) this.#add(family);
  }

  /** The family of this name, or why a series of it cannot be exported. */
  get(wanted: Family): Family | DropReason {
    const known = this.#byName.get(wanted.name);
    if (known !== undefined) {
      const isSame = known.type === wanted.type && known.help === wanted.help && known.unit === wanted.unit;
      return isSame ? known : "type_conflict";
    }
    if (this.#byName.size >= MAX_FAMILIES) return "too_many_series";
    if (isReservedMetric(wanted.name)) return "name_collision";
    if (writtenNames(wanted).some((name) => this.#written.has(name))) return "name_collision";
    this.#add(wanted);
    return wanted;
  }

  #add(family: Family): void {
    this.#byName.set(family.name, family);
    for (const name of writtenNames(family)) this.#written.set(name, family);
  }
}

/** A family's name in all formats, without and with the suffix of its samples. */
export function writtenNames(family: Family): string[] {
  return ESCAPING_SCHEMES.flatMap((scheme) => {
    const name = escapeName(family.name, scheme, "metric");
    return [...new Set([name, baseName(name, family.type)])].map((written) => `${scheme} ${written}`);
  });
}
