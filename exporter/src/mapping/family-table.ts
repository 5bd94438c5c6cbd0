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
 * format: either would make a scrape fail as a whole. A name from the data is taken as long as an output has
 * series of it.
 */
export class FamilyTable {
  readonly #byName = new Map<string, Family>();
  /** Names as some format has them, with the family that has them there. */
  readonly #written = new Map<string, Family>();
  /** Of metrics whose names come from the data: how many outputs have series of them. */
  readonly #users = new Map<Family, number>();
  /** Those that were asked for since the last {@link settle}. */
  readonly #asked = new Set<Family>();

  /** @param families those of the rules, which stay. */
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
    this.#users.set(wanted, 0);
    this.#asked.add(wanted);
    return wanted;
  }

  /**
   * An output has series of other metrics than before.
   *
   * @returns the metrics that no output has series of any more; their names are free again.
   */
  settle(before: readonly Family[], now: readonly Family[]): Family[] {
    this.#count(now, 1);
    this.#count(before, -1);
    const unused = [...new Set([...this.#asked, ...before])].filter(
      (family) => this.#users.get(family) === 0,
    );
    this.#asked.clear();
    for (const family of unused) this.#forget(family);
    return unused;
  }

  #count(families: readonly Family[], by: number): void {
    for (const family of families) {
      const users = this.#users.get(family);
      if (users !== undefined) this.#users.set(family, users + by);
    }
  }

  #add(family: Family): void {
    this.#byName.set(family.name, family);
    for (const name of writtenNames(family)) this.#written.set(name, family);
  }

  #forget(family: Family): void {
    this.#users.delete(family);
    this.#byName.delete(family.name);
    for (const name of writtenNames(family)) this.#written.delete(name);
  }
}

/** A family's name in all formats, without and with the suffix of its samples. */
export function writtenNames(family: Family): string[] {
  return ESCAPING_SCHEMES.flatMap((scheme) => {
    const name = escapeName(family.name, scheme, "metric");
    return [...new Set([name, baseName(name, family.type)])].map((written) => `${scheme} ${written}`);
  });
}
