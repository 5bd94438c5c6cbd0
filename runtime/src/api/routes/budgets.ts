import { Big } from "big.js";
import { z } from "zod";
import { recordAudit } from "../../access/audit.ts";
import type { Database } from "../../database/database.ts";
import { type Budget, deleteBudget, findBudgets, setBudget } from "../../usage/budgets.ts";
import { dayOf, monthOf, nextMonth, startOf } from "../../usage/calendar.ts";
import { spendingOf } from "../../usage/forecast.ts";
import type { PriceBook } from "../../usage/price-book.ts";
import { decimalsOf } from "../../usage/price-list.ts";
import { decimalText } from "../../usage/quantities.ts";
import { type SpendingWatch, stateOf } from "../../usage/spending-watch.ts";
import { spendingOfMonth } from "../../usage/stored-usage.ts";
import type { UsageRow } from "../../usage/usage-row.ts";
import { budgetAnswer, budgetBody, nameQuery, ownerFor } from "../contract/usage.ts";
import { ApiProblem } from "../problems.ts";
import { type Route, route } from "../route.ts";

const ownerParam = z.object({ owner: nameQuery.min(1) });

/** Budgets: administrators set them, and owners see their own. */
export function budgetRoutes(
  db: Database,
  prices: Pick<PriceBook, "list">,
  watch: Pick<SpendingWatch, "look">,
): Route[] {
  const answersOf = async (budgets: readonly Budget[]): Promise<z.input<typeof budgetAnswer>[]> => {
    const now = Date.now();
    const owners = budgets.map(({ owner }) => owner);
    const rows = await spendingOfMonth(db, monthOf(dayOf(now)), owners);
    return budgets.map((budget) => answerOf(budget, rows, prices.list, now));
  };
  return [
    route(
      {
        method: "get",
        path: "/budgets",
        operationId: "listBudgets",
        tag: "Usage",
        summary: "Budgets",
        description: "Administrators see everybody's, others their own.",
        role: "viewer",
        status: 200,
        answer: z.object({ items: z.array(budgetAnswer), next: z.null() }),
        problems: [],
      },
      async ({ caller }) => ({
        items: await answersOf(await findBudgets(db, ownerFor(caller, undefined))),
        next: null,
      }),
    ),
    route(
      {
        method: "get",
        path: "/budgets/{owner}",
        operationId: "getBudget",
        tag: "Usage",
        summary: "A budget, what of it is spent, and where the month is heading",
        role: "viewer",
        params: ownerParam,
        status: 200,
        answer: budgetAnswer,
        problems: ["not-found"],
      },
      async ({ caller, params: { owner } }) => {
        ownerFor(caller, owner);
        const [answer] = await answersOf(await findBudgets(db, owner));
        if (answer === undefined) throw noBudget(owner);
        return answer;
      },
    ),
    route(
      {
        method: "put",
        path: "/budgets/{owner}",
        operationId: "setBudget",
        tag: "Usage",
        summary: "Give an owner a budget for each month",
        role: "admin",
        params: ownerParam,
        body: budgetBody,
        status: 200,
        answer: budgetAnswer,
        problems: [],
      },
      async ({ caller, params: { owner }, body }) => {
        await db.transaction(async (tx) => {
          await setBudget(tx, { owner, ...body, updatedBy: caller.user });
          await recordAudit(tx, caller, "budget.set", owner, body);
        });
        await watch.look();
        const [answer] = await answersOf(await findBudgets(db, owner));
        if (answer === undefined) throw noBudget(owner);
        return answer;
      },
    ),
    route(
      {
        method: "delete",
        path: "/budgets/{owner}",
        operationId: "deleteBudget",
        tag: "Usage",
        summary: "Let an owner spend without a budget",
        role: "admin",
        params: ownerParam,
        status: 204,
        problems: ["not-found"],
      },
      async ({ caller, params: { owner } }) => {
        await db.transaction(async (tx) => {
          if (!(await deleteBudget(tx, owner))) throw noBudget(owner);
          await recordAudit(tx, caller, "budget.delete", owner);
        });
        await watch.look();
        return undefined;
      },
    ),
  ];
}

function answerOf(
  budget: Budget,
  rows: readonly UsageRow[],
  list: PriceBook["list"],
  now: number,
): z.input<typeof budgetAnswer> {
  const { owner, amount, warnAt, isHard, updatedAt, updatedBy } = budget;
  const { month, spent, forecast } = spendingOf(rows, list, owner, now);
  const decimals = decimalsOf(list.currency);
  return {
    owner,
    amount: new Big(amount).toFixed(),
    currency: list.currency,
    warnAt,
    isHard,
    state: stateOf(budget, spent),
    spent: decimalText(spent),
    forecast: forecast.toFixed(decimals),
    resetsAt: new Date(startOf(nextMonth(month))).toISOString(),
    updatedAt: updatedAt.toISOString(),
    updatedBy,
  };
}

function noBudget(owner: string): ApiProblem {
  return new ApiProblem("not-found", `${owner} has no budget`);
}
