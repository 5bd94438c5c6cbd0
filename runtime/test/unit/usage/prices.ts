import { type PriceList, priceListSchema } from "../../../src/usage/price-list.ts";
import type { UsageRow } from "../../../src/usage/usage-row.ts";

/** A list of one period from 2026 on. */
export function priceList(changes: Record<string, unknown> = {}): PriceList {
  return priceListSchema.parse({ currency: "EUR", periods: [period("2026-01-01")], ...changes });
}

export function period(from: string, factor = 1, freeTier: Record<string, unknown> = {}) {
  return {
    from,
    prices: { standard: prices(factor), premium: prices(2 * factor) },
    freeTier,
  };
}

function prices(factor: number) {
  return {
    perMillionInvocations: (0.2 * factor).toFixed(2),
    perGigabyteSecond: (0.000015 * factor).toFixed(6),
    perCpuSecond: (0.00002 * factor).toFixed(5),
  };
}

export function usageRow(changes: Partial<UsageRow> = {}): UsageRow {
  return {
    day: "2026-11-03",
    owner: "ada",
    function: "f",
    class: "standard",
    runs: 0n,
    billedMilliseconds: 0n,
    mebibyteMilliseconds: 0n,
    cpuMicroseconds: 0n,
    ...changes,
  };
}
