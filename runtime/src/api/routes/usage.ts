import { Big } from "big.js";
import { z } from "zod";
import { CLASS_NAMES } from "../../configuration/classes.ts";
import type { Database } from "../../database/database.ts";
import { billedUsage, listPriceOf } from "../../usage/bill.ts";
import { dayOf, firstDayOf, monthOf } from "../../usage/calendar.ts";
import { findUsage, USAGE_GROUPS, type UsageGroup, type UsageOfGroup } from "../../usage/find-usage.ts";
import type { PriceBook } from "../../usage/price-book.ts";
import type { PriceList } from "../../usage/price-list.ts";
import { decimalText } from "../../usage/quantities.ts";
import { addUsage, NO_USAGE, type UsageSums } from "../../usage/usage-row.ts";
import { pageOf, pageQuery, readCursor, writeCursor } from "../contract/page.ts";
import { dayQuery, nameQuery, ownerFor, pricesAnswer, usageItem } from "../contract/usage.ts";
import { ApiProblem } from "../problems.ts";
import { type Route, route } from "../route.ts";

const LONGEST_DAYS = 400;

const group = z
  .string()
  .transform((text) => (text === "" ? [] : text.split(",")))
  .pipe(
    z
      .array(z.enum(USAGE_GROUPS, `expected names out of ${USAGE_GROUPS.join(", ")} with commas between`))
      .refine((names) => new Set(names).size === names.length, "expected each name once"),
  )
  .default(["day", "owner", "function", "class"])
  .describe("What it is told apart by, such as `owner,day`; empty: nothing");

const usageQuery = z.strictObject({
  owner: nameQuery.optional(),
  function: nameQuery.optional(),
  class: z.enum(CLASS_NAMES).optional(),
  from: dayQuery.optional().describe("First day, UTC; the first of the month unless said"),
  to: dayQuery.optional().describe("Last day, UTC; today unless said"),
  group,
  ...pageQuery,
});

const cursor = z.tuple([z.int().min(0).max(1e9)]);

/** What runs used, and the prices of that. */
export function usageRoutes(db: Database, prices: Pick<PriceBook, "list">): Route[] {
  return [
    route(
      {
        method: "get",
        path: "/usage",
        operationId: "getUsage",
        tag: "Usage",
        summary: "What runs used",
        description: "Administrators see everybody's, others their own.",
        role: "viewer",
        query: usageQuery,
        status: 200,
        answer: pageOf(usageItem),
        problems: [],
      },
      async ({ caller, query: { owner, after, limit, group: by, from, to, ...filter } }) => {
        const today = dayOf(Date.now());
        const last = to ?? today;
        const first = from ?? firstDayOf(monthOf(last));
        checkSpan(first, last);
        const offset = after === undefined ? 0 : readCursor(after, cursor)[0];
        const found = await findUsage(db, {
          function: filter.function,
          class: filter.class,
          owner: ownerFor(caller, owner),
          from: first,
          to: last,
          group: by as readonly UsageGroup[],
          offset,
          limit: limit + 1,
        });
        return {
          items: found.slice(0, limit).map((each) => itemOf(each, prices.list)),
          next: found.length > limit ? writeCursor([offset + limit]) : null,
        };
      },
    ),
    route(
      {
        method: "get",
        path: "/prices",
        operationId: "getPrices",
        tag: "Usage",
        summary: "The price list",
        role: "viewer",
        status: 200,
        answer: pricesAnswer,
        problems: [],
      },
      async () => prices.list,
    ),
  ];
}

function checkSpan(from: string, to: string): void {
  const days = (Date.parse(to) - Date.parse(from)) / 86_400_000 + 1;
  if (days < 1) throw new ApiProblem("invalid-request", `query: to: expected ${from} or later, found ${to}`);
  if (days > LONGEST_DAYS) {
    throw new ApiProblem("invalid-request", `query: from: expected at most ${LONGEST_DAYS} days up to ${to}`);
  }
}

function itemOf({ group: of, parts }: UsageOfGroup, list: PriceList): z.input<typeof usageItem> {
  const cost = parts.reduce(
    (sum, part) => sum.plus(listPriceOf(part, list, part.day, part.class)),
    new Big(0),
  );
  const sums = parts.reduce<UsageSums>(addUsage, NO_USAGE);
  return { ...of, ...billedUsage(sums), cost: decimalText(cost) };
}
