import { z } from "zod";
import type { Caller } from "../../access/caller.ts";
import { isDay, MONTH_PATTERN } from "../../usage/calendar.ts";
import { priceListSchema } from "../../usage/price-list.ts";
import { ApiProblem } from "../problems.ts";

/** A user's name. */
export const nameQuery = z.string().max(255);

export const dayQuery = z.string().refine(isDay, "expected a day, such as 2026-11-30");

export const monthParam = z.string().regex(MONTH_PATTERN, "expected a month, such as 2026-11");

/** An exact decimal number. */
const decimal = z.string().regex(/^-?\d+(\.\d+)?$/);

const used = {
  runs: z.int().nonnegative(),
  billedSeconds: decimal,
  gigabyteSeconds: decimal.describe("Gigabytes of 10^9 bytes times seconds"),
  cpuSeconds: decimal,
};

/** Usage of a group; what it is not told apart by is left out. */
export const usageItem = z.object({
  day: z.string().optional(),
  owner: z.string().optional(),
  function: z.string().optional(),
  class: z.string().optional(),
  ...used,
  cost: decimal.describe("By the price list, without the free tier"),
});

const byQuantity = <Schema extends z.ZodType>(schema: Schema) =>
  z.object({ invocations: schema, gigabyteSeconds: schema, cpuSeconds: schema });

/** A bill. */
export const billAnswer = z.object({
  owner: z.string(),
  month: z.string(),
  currency: z.string(),
  lines: z
    .array(
      z.object({
        function: z.string(),
        class: z.string(),
        ...used,
        amounts: byQuantity(decimal).describe("Exact"),
        amount: decimal.describe("The sum of the amounts, rounded to the smallest coin, half of one up"),
        days: z.array(z.object({ day: z.string(), ...used, amount: decimal.describe("Exact") })).readonly(),
      }),
    )
    .readonly(),
  freeTier: byQuantity(z.object({ included: decimal, used: decimal })),
  total: decimal.describe("The sum of the lines' amounts"),
  exactTotal: decimal.describe("Of the lines before they are rounded"),
});

/** The price list that holds. */
export const pricesAnswer = priceListSchema;

/** What a budget is set to. */
export const budgetBody = z.strictObject({
  amount: z
    .string('expected an amount as text, such as "10.00"')
    .regex(/^\d{1,14}(\.\d{1,6})?$/, 'expected an amount as text, such as "10.00"')
    .describe("What may be spent in a month, in the price list's currency"),
  warnAt: z.number().min(0).max(1).default(0.8).describe("Share of it that a warning is given at"),
  isHard: z.boolean().default(false).describe("Whether calls are refused once it is spent"),
});

/** A budget, and what of it is spent. */
export const budgetAnswer = z.object({
  owner: z.string(),
  amount: decimal,
  currency: z.string(),
  warnAt: z.number(),
  isHard: z.boolean(),
  state: z.enum(["within", "warning", "spent"]),
  spent: decimal.describe("In this month, exact, as far as runs are in the database"),
  forecast: decimal.describe("At the month's end, if it goes on as it did so far"),
  resetsAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  updatedBy: z.string(),
});

/**
 * Whose usage a caller sees: their own alone, or as an administrator that of whom they ask for.
 *
 * @returns undefined: everybody's.
 * @throws ApiProblem where they ask for somebody else's.
 */
export function ownerFor({ user, role }: Caller, asked: string | undefined): string | undefined {
  if (role === "admin" || asked === user) return asked;
  if (asked === undefined) return user;
  throw new ApiProblem("forbidden", `only administrators see usage of others; ${user} is none`);
}
