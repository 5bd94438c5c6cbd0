import { Big } from "big.js";
import type { Day, Month } from "./calendar.ts";
import { monthOf } from "./calendar.ts";
import { decimalsOf, freeTierOf, type PriceList, pricesOn } from "./price-list.ts";
import {
  billedSecondsOf,
  decimalText,
  eachQuantity,
  least,
  QUANTITY_NAMES,
  type Quantities,
  type QuantityName,
  quantitiesOf,
} from "./quantities.ts";
import { addUsage, NO_USAGE, type UsageRow, type UsageSums } from "./usage-row.ts";

const ZERO = new Big(0);

/** What was used; all but `runs` are exact decimals as text. */
export interface BilledUsage {
  readonly runs: number;
  readonly billedSeconds: string;
  readonly gigabyteSeconds: string;
  readonly cpuSeconds: string;
}

/** A day of a line. */
export interface BillDay extends BilledUsage {
  readonly day: Day;
  /** Exact, not rounded. */
  readonly amount: string;
}

/** What a function cost in one class. */
export interface BillLine extends BilledUsage {
  readonly function: string;
  readonly class: string;
  /** Exact, by what it is for; their sum is rounded to `amount`. */
  readonly amounts: Readonly<Record<QuantityName, string>>;
  /** Rounded to the smallest coin, half of one up. */
  readonly amount: string;
  readonly days: readonly BillDay[];
}

/** What an owner pays for a month. */
export interface Bill {
  readonly owner: string;
  readonly month: Month;
  readonly currency: string;
  /** By function and class. */
  readonly lines: readonly BillLine[];
  readonly freeTier: Readonly<Record<QuantityName, { readonly included: string; readonly used: string }>>;
  /** The sum of the lines' amounts. */
  readonly total: string;
  /** The sum of what the lines were before they were rounded. */
  readonly exactTotal: string;
}

/** What a row costs, by what it is for. */
interface PricedRow {
  readonly row: UsageRow;
  readonly amounts: Quantities;
}

/**
 * Make an owner's bill of a month. The same usage gives the same bill, in whatever order and in however many rows it
 * comes.
 *
 * @param rows the owner's; rows of other months are left out.
 */
export function billOf(rows: Iterable<UsageRow>, list: PriceList, owner: string, month: Month): Bill {
  const { priced, used, included } = priceRows(rows, list, owner, month);
  const decimals = decimalsOf(list.currency);
  const lines = [...Map.groupBy(priced, ({ row }) => JSON.stringify([row.function, row.class]))]
    .map(([, ofLine]) => lineOf(ofLine, decimals))
    .sort((a, b) => compare(a.function, b.function) || compare(a.class, b.class));
  const exact = priced.reduce((sum, { amounts }) => sum.plus(sumOf(amounts)), ZERO);
  return {
    owner,
    month,
    currency: list.currency,
    lines,
    freeTier: eachQuantity((name) => ({
      included: decimalText(included[name]),
      used: decimalText(used[name]),
    })),
    total: lines.reduce((sum, { amount }) => sum.plus(amount), ZERO).toFixed(decimals),
    exactTotal: decimalText(exact),
  };
}

/**
 * What an owner's month costs, exactly; the same as {@link billOf} gives before it rounds. Rows need not be told apart
 * by function.
 */
export function spentOf(rows: Iterable<UsageRow>, list: PriceList, owner: string, month: Month): Big {
  return priceRows(rows, list, owner, month).priced.reduce(
    (sum, { amounts }) => sum.plus(sumOf(amounts)),
    ZERO,
  );
}

/** What usage costs by itself, as if there were no free tier. */
export function listPriceOf(usage: UsageSums, list: PriceList, day: Day, className: string): Big {
  const prices = pricesOn(list, day, className);
  const quantities = quantitiesOf(usage);
  return QUANTITY_NAMES.reduce((sum, name) => sum.plus(quantities[name].times(prices[name])), ZERO);
}

/**
 * Use up the free tier, then price the rest: by day, then class, then function. The function comes last, so that what
 * all cost together does not depend on it.
 */
function priceRows(
  rows: Iterable<UsageRow>,
  list: PriceList,
  owner: string,
  month: Month,
): { readonly priced: readonly PricedRow[]; readonly used: Quantities; readonly included: Quantities } {
  const included = freeTierOf(list, month);
  const left: Record<QuantityName, Big> = { ...included };
  const priced = inOrder(rows, owner, month).map((row) => {
    const prices = pricesOn(list, row.day, row.class);
    const quantities = quantitiesOf(row);
    const amounts = eachQuantity((name) => {
      const free = least(left[name], quantities[name]);
      left[name] = left[name].minus(free);
      return quantities[name].minus(free).times(prices[name]);
    });
    return { row, amounts };
  });
  return { priced, included, used: eachQuantity((name) => included[name].minus(left[name])) };
}

/** One row for each day, class and function. */
function inOrder(rows: Iterable<UsageRow>, owner: string, month: Month): UsageRow[] {
  const byKey = new Map<string, UsageRow>();
  for (const row of rows) {
    if (row.owner !== owner || monthOf(row.day) !== month) continue;
    const key = JSON.stringify([row.day, row.class, row.function]);
    byKey.set(key, { ...row, ...addUsage(byKey.get(key) ?? NO_USAGE, row) });
  }
  return [...byKey.values()].sort(
    (a, b) => compare(a.day, b.day) || compare(a.class, b.class) || compare(a.function, b.function),
  );
}

function lineOf(priced: readonly PricedRow[], decimals: number): BillLine {
  const [{ row }] = priced as [PricedRow, ...PricedRow[]];
  const amounts = eachQuantity((name) => priced.reduce((sum, each) => sum.plus(each.amounts[name]), ZERO));
  return {
    function: row.function,
    class: row.class,
    ...billedUsage(priced.reduce<UsageSums>((sum, each) => addUsage(sum, each.row), NO_USAGE)),
    amounts: eachQuantity((name) => decimalText(amounts[name])),
    amount: sumOf(amounts).toFixed(decimals, Big.roundHalfUp),
    days: priced.map((each) => ({
      day: each.row.day,
      ...billedUsage(each.row),
      amount: decimalText(sumOf(each.amounts)),
    })),
  };
}

/** What was used, as text. */
export function billedUsage(usage: UsageSums): BilledUsage {
  const { gigabyteSeconds, cpuSeconds } = quantitiesOf(usage);
  return {
    runs: Number(usage.runs),
    billedSeconds: decimalText(billedSecondsOf(usage)),
    gigabyteSeconds: decimalText(gigabyteSeconds),
    cpuSeconds: decimalText(cpuSeconds),
  };
}

function sumOf({ invocations, gigabyteSeconds, cpuSeconds }: Quantities): Big {
  return invocations.plus(gigabyteSeconds).plus(cpuSeconds);
}

/** By code units, which are the same everywhere. */
function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
