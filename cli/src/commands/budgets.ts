import { type Command, InvalidArgumentError } from "commander";
import type { Context } from "../context.ts";
import { rounded, shown } from "../output.ts";

interface Budget {
  readonly owner: string;
  readonly amount: string;
  readonly currency: string;
  readonly warnAt: number;
  readonly isHard: boolean;
  readonly state: string;
  readonly spent: string;
  readonly forecast: string;
}

interface SetOptions {
  readonly warnAt?: number;
  readonly hard?: true;
}

export function addBudgets(program: Command, context: Context): void {
  const budgets = program.command("budgets").description("look at budgets of a month, set and delete them");

  budgets
    .command("list", { isDefault: true })
    .description("budgets, and what of them is spent; administrators see everybody's")
    .action(async () => {
      const { items } = await (await context.client()).ask<{ items: Budget[] }>("GET", "/budgets");
      context.output.table(
        items,
        [
          { title: "OWNER", value: ({ owner }) => owner },
          { title: "BUDGET", value: ({ amount }) => amount },
          { title: "SPENT", value: ({ spent }) => rounded(spent) },
          { title: "FORECAST", value: ({ forecast }) => forecast },
          { title: "CURRENCY", value: ({ currency }) => currency },
          { title: "STATE", value: ({ state }) => state },
          { title: "WARNS AT", value: ({ warnAt }) => `${shown(rounded(warnAt * 100))} %` },
          { title: "ONCE SPENT", value: ({ isHard }) => (isHard ? "calls are refused" : "calls go on") },
        ],
        "no budgets",
      );
    });

  budgets
    .command("show <owner>")
    .description("a budget, what of it is spent, and where the month is heading")
    .action(async (owner: string) => {
      const budget = await (await context.client()).ask<Budget>("GET", pathOf(owner));
      context.output.result(budget, () =>
        Object.entries(budget).map(([field, value]) => `${field}: ${shown(value)}`),
      );
    });

  budgets
    .command("set <owner> <amount>")
    .description("give an owner a budget for each month; administrators may")
    .option("--warn-at <share>", "warn once so much of it is spent: from 0 to 1, 0.8 unless said", share)
    .option("--hard", "refuse calls once it is spent")
    .action(async (owner: string, amount: string, { warnAt, hard: isHard }: SetOptions) => {
      const body = { amount, warnAt, isHard };
      const budget = await (await context.client()).ask<Budget>("PUT", pathOf(owner), { body });
      const then = budget.isHard ? "; once it is spent calls are refused" : "";
      context.output.result(budget, () => [
        `${owner} has a budget of ${budget.amount} ${budget.currency} a month${then}`,
      ]);
    });

  budgets
    .command("delete <owner>")
    .description("let an owner spend without a budget; administrators may")
    .action(async (owner: string) => {
      await (await context.client()).ask("DELETE", pathOf(owner));
      context.output.result({ owner, deleted: true }, () => [`${owner} has no budget any more`]);
    });
}

function pathOf(owner: string): string {
  return `/budgets/${encodeURIComponent(owner)}`;
}

function share(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && value <= 1)) {
    throw new InvalidArgumentError("expected a share from 0 to 1, such as 0.8");
  }
  return value;
}
