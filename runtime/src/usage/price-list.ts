import { isDeepStrictEqual } from "node:util";
import { readYaml, validate } from "@gaugelet/shared/configuration";
import { Big } from "big.js";
import { z } from "zod";
import { CLASS_NAMES, type ClassName } from "../configuration/classes.ts";
import { type Day, firstDayOf, isDay, type Month, nextMonth } from "./calendar.ts";
import { NO_QUANTITIES, type Quantities } from "./quantities.ts";

const ONE_MILLIONTH = new Big("0.000001");

const day = z
  .string("expected a day, such as 2026-01-31")
  .refine(isDay, "expected a day, such as 2026-01-31");

/** Text alone: YAML reads a number without quotes as a binary one, which 0.1 for one is not. */
const decimal = z
  .string('expected a decimal number in quotes, such as "0.20"')
  .regex(/^\d{1,12}(\.\d{1,12})?$/, 'expected a decimal number in quotes, such as "0.20"');

const AMOUNT = 'expected a whole number, or a decimal one in quotes, such as "0.5"';
const amount = z.union([decimal, z.number().int(AMOUNT).nonnegative(AMOUNT)], AMOUNT);

const classPrices = z.strictObject({
  perMillionInvocations: decimal.describe("For a million calls"),
  perGigabyteSecond: decimal.describe("For a gigabyte (10^9 bytes) of memory for a second"),
  perCpuSecond: decimal.describe("For a second of processor time"),
});

const freeTier = z
  .strictObject({
    invocations: amount.default(0),
    gigabyteSeconds: amount.default(0),
    cpuSeconds: amount.default(0),
  })
  .describe("What each owner has for nothing in a month that begins in this period");

const period = z.strictObject({
  from: day.describe("First day, UTC"),
  prices: z.strictObject({ standard: classPrices, premium: classPrices } satisfies Record<
    ClassName,
    typeof classPrices
  >),
  freeTier: freeTier.prefault({}),
});

/** A price list as it is written. */
export const priceListSchema = z.strictObject({
  currency: z
    .string("expected the code of a currency, such as EUR")
    .regex(/^[A-Z]{3}$/, "expected the code of a currency, such as EUR"),
  correctsFrom: day.optional().describe("First day that is over whose prices may be changed"),
  periods: z
    .array(period, "expected a list of periods")
    .min(1, "expected at least one period")
    .superRefine((periods, context) => {
      for (const [index, { from }] of periods.entries()) {
        const before = periods[index - 1];
        if (before === undefined || before.from < from) continue;
        context.addIssue({
          code: "custom",
          path: [index, "from"],
          message: `expected a day after ${before.from}, which the period before begins with`,
        });
      }
    }),
});

export type PriceList = z.output<typeof priceListSchema>;
type Period = PriceList["periods"][number];

/**
 * Read a price list.
 *
 * @throws ConfigurationError that names the file, the field, and what was expected.
 */
export async function readPriceList(file: string): Promise<PriceList> {
  return validate(priceListSchema, await readYaml(file), file);
}

/** Digits behind the point that amounts of the currency are rounded to. */
export function decimalsOf(currency: string): number {
  const { maximumFractionDigits } = new Intl.NumberFormat("en", {
    style: "currency",
    currency,
  }).resolvedOptions();
  return maximumFractionDigits ?? 2;
}

/** The period that a day is in; undefined before the first. */
function periodOf({ periods }: PriceList, of: Day): Period | undefined {
  return periods.findLast(({ from }) => from <= of);
}

/** Prices of one of each quantity on a day; nothing costs anything before the first period. */
export function pricesOn(list: PriceList, of: Day, className: string): Quantities {
  const named = CLASS_NAMES.find((name) => name === className) ?? "standard";
  const prices = periodOf(list, of)?.prices[named];
  if (prices === undefined) return NO_QUANTITIES;
  return {
    invocations: new Big(prices.perMillionInvocations).times(ONE_MILLIONTH),
    gigabyteSeconds: new Big(prices.perGigabyteSecond),
    cpuSeconds: new Big(prices.perCpuSecond),
  };
}

/** What an owner has for nothing in a month: as in the period that the month begins in, or the first that begins in it. */
export function freeTierOf(list: PriceList, month: Month): Quantities {
  const begin = firstDayOf(month);
  const end = firstDayOf(nextMonth(month));
  const of = periodOf(list, begin) ?? list.periods.find(({ from }) => from >= begin && from < end);
  if (of === undefined) return NO_QUANTITIES;
  const { invocations, gigabyteSeconds, cpuSeconds } = of.freeTier;
  return {
    invocations: new Big(invocations),
    gigabyteSeconds: new Big(gigabyteSeconds),
    cpuSeconds: new Big(cpuSeconds),
  };
}

/** The first day, before another, that costs something else by one list than by the other. */
export function firstDifference(one: PriceList, other: PriceList, before: Day): Day | undefined {
  const begins = [
    "0000-01-01",
    ...one.periods.map(({ from }) => from),
    ...other.periods.map(({ from }) => from),
  ];
  const known = (list: PriceList, of: Day): unknown => {
    const found = periodOf(list, of);
    return (
      found && { currency: list.currency, prices: normal(found.prices), freeTier: normal(found.freeTier) }
    );
  };
  return begins
    .filter((begin) => begin < before)
    .sort()
    .find((begin) => !isDeepStrictEqual(known(one, begin), known(other, begin)));
}

/** With numbers as text of one form: "0.20" is "0.2". */
function normal(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_, inner: unknown) =>
    typeof inner === "string" || typeof inner === "number" ? new Big(inner).toFixed() : inner,
  );
}
