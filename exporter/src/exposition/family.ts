/** What all series of one metric share. */
export interface Family {
  /** The whole name, with `_total` of a counter and `_info` of an info metric. */
  readonly name: string;
  readonly type: FamilyType;
  readonly help: string;
  /** The base unit, with which the name ends (before `_total`); OpenMetrics says it. */
  readonly unit: string | undefined;
}

/** `unknown` is what the text format calls untyped. */
export const FAMILY_TYPES = ["gauge", "counter", "info", "unknown"] as const;
export type FamilyType = (typeof FAMILY_TYPES)[number];

/** Suffix that the names of a type's samples must have. */
export const SUFFIXES: Partial<Record<FamilyType, string>> = { counter: "_total", info: "_info" };

/**
 * The name that OpenMetrics gives a family as a whole: without the suffix of its samples.
 *
 * @param name as it is written: a scheme escapes the suffix along with the rest, so that it can be read back, and
 *   what is left in front of it is the family's name.
 */
export function baseName(name: string, type: FamilyType): string {
  const suffix = SUFFIXES[type];
  return suffix !== undefined && name.endsWith(suffix) ? name.slice(0, -suffix.length) : name;
}
