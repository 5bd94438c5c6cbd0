import type { Big } from "big.js";
import { spentOf } from "./bill.ts";
import { dayOf, type Month, monthOf, nextMonth, startOf } from "./calendar.ts";
import type { PriceList } from "./price-list.ts";
import { sumBy, type UsageRow, type UsageSums } from "./usage-row.ts";

/** The first minutes of a month say nothing of the rest of it. */
const LEAST_MILLISECONDS = 60 * 60_000;

/** What an owner's month came to so far, and what it is going to come to. */
export interface Spending {
  readonly month: Month;
  /** Exact. */
  readonly spent: Big;
  /** Of today alone: what the month came to today more than by yesterday. */
  readonly today: Big;
  /** At the month's end, if it goes on as it did so far, at today's prices. */
  readonly forecast: Big;
}

/**
 * What an owner spends in the month of a time.
 *
 * @param rows of the month; they need not be told apart by function.
 * @param now Unix milliseconds.
 */
export function spendingOf(rows: readonly UsageRow[], list: PriceList, owner: string, now: number): Spending {
  const today = dayOf(now);
  const month = monthOf(today);
  const spent = spentOf(rows, list, owner, month);
  const before = spentOf(
    rows.filter(({ day }) => day < today),
    list,
    owner,
    month,
  );
  const to = startOf(nextMonth(month));
  const gone = Math.max(now - startOf(month), LEAST_MILLISECONDS);
  const toCome = grown(rows, owner, month, today, BigInt(Math.max(0, to - now)), BigInt(gone));
  const forecast = spentOf([...rows, ...toCome], list, owner, month);
  return { month, spent, today: spent.minus(before), forecast };
}

/** What the rest of the month is going to use, by class. */
function grown(
  rows: readonly UsageRow[],
  owner: string,
  month: Month,
  today: string,
  toCome: bigint,
  gone: bigint,
): UsageRow[] {
  const ofMonth = rows.filter((row) => row.owner === owner && monthOf(row.day) === month);
  const scaled = (sums: UsageSums): UsageSums => ({
    runs: (sums.runs * toCome) / gone,
    billedMilliseconds: (sums.billedMilliseconds * toCome) / gone,
    mebibyteMilliseconds: (sums.mebibyteMilliseconds * toCome) / gone,
    cpuMicroseconds: (sums.cpuMicroseconds * toCome) / gone,
  });
  return [...sumBy(ofMonth, (row) => row.class)].map(([className, sums]) => ({
    day: today,
    owner,
    function: "",
    class: className,
    ...scaled(sums),
  }));
}

/** A share of a budget, from 0 up; what is a part of nothing is all of it. */
export function shareOf(spent: Big, amount: Big): number {
  if (amount.eq(0)) return 1;
  return spent.div(amount).toNumber();
}
