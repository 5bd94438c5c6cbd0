import type { Redis } from "ioredis";

/** Metrics of each output. */
export const FAMILIES = 10;
/** Gauges of each metric in an output. */
const ITEMS = 10;

/** How many gauges there are, and how many outputs they are in. */
export interface Size {
  readonly gauges: number;
  readonly outputs: number;
  readonly items: number;
}

export function sizeOf(gauges: number): Size {
  const items = Math.min(ITEMS, gauges / FAMILIES);
  return { gauges, items, outputs: gauges / (FAMILIES * items) };
}

export function keyOf(index: number): string {
  return `bench:${index}`;
}

/** A configuration under which the outputs of the benchmark are those metrics. */
export function benchConfiguration(): string {
  const rules = Array.from(
    { length: FAMILIES },
    (_, index) => `  - { path: "family${index}.{item}", metric: bench_family${index}, help: A gauge. }`,
  );
  return `outputs: [{ key: "bench:*" }]\nrules:\n${rules.join("\n")}\n`;
}

/** Write outputs with new numbers, which look like measurements. */
export async function writeOutputs(redis: Redis, indexes: readonly number[], items: number): Promise<void> {
  const pairs = indexes.flatMap((index) => [keyOf(index), output(items)]);
  for (let at = 0; at < pairs.length; at += 400) await redis.mset(pairs.slice(at, at + 400));
}

function output(items: number): string {
  const families = Array.from({ length: FAMILIES }, (_, family) => [
    `family${family}`,
    Object.fromEntries(Array.from({ length: items }, (__, item) => [`item${item}`, number()])),
  ]);
  return JSON.stringify(Object.fromEntries(families));
}

function number(): number {
  return Number((Math.random() * 100_000).toFixed(3));
}
