/** One line of a benchmark's table. */
export interface BenchRow {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** The bound, as people read it: `≤ 3`; null where there is none. */
  readonly target: string | null;
  readonly ok: boolean;
}

/** What a value must not go beyond. */
export type Bound = { readonly atMost: number } | { readonly atLeast: number };

/** A row with a bound; without one it is there to compare with. */
export function row(what: string, value: number, unit: string, bound?: Bound): BenchRow {
  const rounded = Number(value.toPrecision(4));
  return { what, value: rounded, unit, ...judge(value, bound) };
}

function judge(value: number, bound: Bound | undefined): Pick<BenchRow, "target" | "ok"> {
  if (bound === undefined) return { target: null, ok: true };
  return "atMost" in bound
    ? { target: `≤ ${bound.atMost}`, ok: value <= bound.atMost }
    : { target: `≥ ${bound.atLeast}`, ok: value >= bound.atLeast };
}

/** The value below which a share of the samples lies. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

/** Print the table, and the same as one line of JSON at the end. A missed bound is printed as missed. */
export function report(bench: string, rows: readonly BenchRow[]): void {
  const width = Math.max(...rows.map(({ what }) => what.length));
  for (const { what, value, unit, target, ok } of rows) {
    const verdict = target === null ? "" : `${target} ${unit}: ${ok ? "ok" : "MISSED"}`;
    console.log(`${what.padEnd(width)}  ${String(value).padStart(10)} ${unit.padEnd(5)} ${verdict}`);
  }
  console.log(JSON.stringify({ bench, rows }));
}
