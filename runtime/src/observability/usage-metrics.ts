import { Counter, Gauge, type Registry } from "prom-client";
import type { UsageMeter } from "../usage/usage-meter.ts";
import type { UsageTally } from "../usage/usage-tally.ts";

/** What is shown of an owner; amounts in the price list's currency. */
export interface OwnerSpending {
  readonly owner: string;
  /** In this month. */
  readonly spent: number;
  readonly today: number;
  /** At the month's end. */
  readonly forecast: number;
  readonly budget:
    | { readonly spentRatio: number; readonly warnAt: number; readonly isHard: boolean }
    | undefined;
}

const LABELS = ["owner", "function", "class"] as const;

/** Metrics of what calls use and owners spend. They are fractions, and bills are not made of them. */
export class UsageMetrics {
  #spending: readonly OwnerSpending[] = [];

  /** @param meter asked at each scrape. */
  constructor(registry: Registry, meter: Pick<UsageMeter, "take" | "tallies"> | undefined) {
    const counter = (name: string, help: string, amountOf: (tally: UsageTally) => number): void => {
      const made: Counter<(typeof LABELS)[number]> = new Counter({
        name,
        help,
        labelNames: LABELS,
        registers: [registry],
        collect: () => {
          meter?.take();
          made.reset();
          for (const tally of meter?.tallies ?? []) {
            const { owner, function: of, class: className } = tally;
            made.inc({ owner, function: of, class: className }, amountOf(tally));
          }
        },
      });
    };
    counter(
      "gaugelet_usage_cost_total",
      "What calls cost by the price list, in its currency, without the free tier.",
      ({ cost }) => cost,
    );
    counter(
      "gaugelet_usage_billed_seconds_total",
      "Time in the handler, each call rounded up to a millisecond.",
      ({ billedSeconds }) => billedSeconds,
    );
    counter(
      "gaugelet_usage_gigabyte_seconds_total",
      "Memory in gigabytes of 10^9 bytes, times the billed time.",
      ({ gigabyteSeconds }) => gigabyteSeconds,
    );
    const gauge = (name: string, help: string, amountOf: (of: OwnerSpending) => number | undefined): void => {
      const made: Gauge<"owner"> = new Gauge({
        name,
        help,
        labelNames: ["owner"],
        registers: [registry],
        collect: () => {
          made.reset();
          for (const spending of this.#spending) {
            const value = amountOf(spending);
            if (value !== undefined) made.set({ owner: spending.owner }, value);
          }
        },
      });
    };
    gauge("gaugelet_owner_cost_today", "What an owner's functions cost today (UTC).", ({ today }) => today);
    gauge("gaugelet_owner_cost_month", "What an owner's functions cost this month.", ({ spent }) => spent);
    gauge(
      "gaugelet_owner_cost_month_forecast",
      "What this month is going to cost an owner if it goes on as it did so far.",
      ({ forecast }) => forecast,
    );
    gauge(
      "gaugelet_budget_spent_ratio",
      "Share of an owner's budget of the month that is spent.",
      ({ budget }) => budget?.spentRatio,
    );
    gauge(
      "gaugelet_budget_warning_ratio",
      "Share of an owner's budget that a warning is given at.",
      ({ budget }) => budget?.warnAt,
    );
    gauge(
      "gaugelet_budget_hard",
      "1 where an owner's calls are refused once the budget is spent, else 0.",
      ({ budget }) => budget && Number(budget.isHard),
    );
  }

  /** Show this from now on. */
  show(spending: readonly OwnerSpending[]): void {
    this.#spending = spending;
  }
}
