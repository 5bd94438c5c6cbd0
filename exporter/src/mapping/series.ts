import type { Family } from "./rules.ts";

/** One value of a metric. */
export interface Series {
  readonly family: Family;
  /** Without empty labels, which Prometheus takes for absent ones. */
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** The same for two series that Prometheus takes for one. */
  readonly id: string;
}

/** @param identity labels that say where the series is from; they come first, the others by name. */
export function makeSeries(
  family: Family,
  identity: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string | undefined>>,
  value: number,
): Series {
  const others = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  const set = [...Object.entries(identity), ...others].filter(
    (label): label is [string, string] => label[1] !== undefined && label[1] !== "",
  );
  return { family, labels: Object.fromEntries(set), value, id: JSON.stringify([family.name, set]) };
}
