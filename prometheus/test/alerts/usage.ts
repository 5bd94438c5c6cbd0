import type { AlertCase } from "./case.ts";

const o = 'job="runtime",instance="r",owner="data-team"';
const labels = { job: "runtime", owner: "data-team" };
const warning = { [`gaugelet_budget_warning_ratio{${o}}`]: "0.8x400" };

export const usageCases: readonly AlertCase[] = [
  {
    alert: "GaugeletBudgetWarning",
    series: { ...warning, [`gaugelet_budget_spent_ratio{${o}}`]: "0.5x10 0.9x20 0x20" },
    breaks: 330,
    mends: 960,
    labels,
    description: "data-team has spent 90% of the budget of the month.",
    panel: ["gaugelet-usage", "Budget spent", "var-owner=data-team"],
  },
  {
    alert: "GaugeletBudgetSpent",
    series: { ...warning, [`gaugelet_budget_spent_ratio{${o}}`]: "0.5x10 1.25x20 0x20" },
    breaks: 330,
    mends: 960,
    labels,
    description:
      "data-team has spent 125% of the budget of the month. Where it is hard, calls are refused and events wait.",
    panel: ["gaugelet-usage", "Budget spent", "var-owner=data-team"],
  },
];
