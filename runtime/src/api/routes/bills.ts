import { z } from "zod";
import type { Database } from "../../database/database.ts";
import { type Bill, billOf } from "../../usage/bill.ts";
import { billsAsCsv } from "../../usage/bill-csv.ts";
import { BILL_PAGE_POLICY, billPage } from "../../usage/bill-page.ts";
import type { Month } from "../../usage/calendar.ts";
import type { PriceBook } from "../../usage/price-book.ts";
import { ownersOfMonth, usageOfMonth } from "../../usage/stored-usage.ts";
import { pageOf, pageQuery, readCursor, writeCursor } from "../contract/page.ts";
import { billAnswer, monthParam, nameQuery, ownerFor } from "../contract/usage.ts";
import { type Route, route, StreamedAnswer } from "../route.ts";

const CSV = "text/csv; charset=utf-8";
const HTML = "text/html; charset=utf-8";

const billQuery = z.strictObject({
  owner: nameQuery.optional().describe("Whose; administrators see all bills without it"),
  format: z
    .enum(["json", "csv", "html"])
    .default("json")
    .describe("`csv` and `html` are never divided into pages"),
  ...pageQuery,
});

const cursor = z.tuple([nameQuery]);

/** Bills. */
export function billRoutes(db: Database, prices: Pick<PriceBook, "list">): Route[] {
  return [
    route(
      {
        method: "get",
        path: "/bills/{month}",
        operationId: "getBills",
        tag: "Usage",
        summary: "Bills of a month",
        description:
          "Administrators see everybody's, others their own. The month that it is has a bill too: what it came to so far.",
        role: "viewer",
        params: z.object({ month: monthParam }),
        query: billQuery,
        status: 200,
        answer: pageOf(billAnswer),
        otherTypes: ["text/csv", "text/html"],
        problems: [],
      },
      async ({ caller, params: { month }, query: { owner, format, limit, after } }) => {
        const whose = ownerFor(caller, owner);
        const known = after === undefined ? undefined : readCursor(after, cursor)[0];
        const pageSize = format === "json" ? limit : undefined;
        const owners = whose === undefined ? await ownersOfMonth(db, month, known, pageSize) : [whose];
        const bills = await billsOf(db, prices, month, owners);
        if (format === "csv") return file(billsAsCsv(bills), CSV, `bills-${month}.csv`);
        if (format === "html") {
          return new StreamedAnswer(billPage(bills, month), {
            "content-type": HTML,
            "content-security-policy": BILL_PAGE_POLICY,
            "x-content-type-options": "nosniff",
          });
        }
        const last = whose === undefined && owners.length === limit ? owners.at(-1) : undefined;
        return { items: bills, next: last === undefined ? null : writeCursor([last]) };
      },
    ),
  ];
}

async function billsOf(
  db: Database,
  { list }: Pick<PriceBook, "list">,
  month: Month,
  owners: readonly string[],
): Promise<Bill[]> {
  const rows = Map.groupBy(await usageOfMonth(db, month, owners), ({ owner }) => owner);
  return owners.map((owner) => billOf(rows.get(owner) ?? [], list, owner, month));
}

function file(text: string, type: string, name: string): StreamedAnswer {
  return new StreamedAnswer(text, {
    "content-type": type,
    "content-disposition": `attachment; filename="${name}"`,
    "x-content-type-options": "nosniff",
  });
}
