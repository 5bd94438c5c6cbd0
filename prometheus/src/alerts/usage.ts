import { usage } from "@gaugelet/grafana/usage/dashboard";
import type { Alert, PanelLink } from "../rule.ts";

/** All runtimes say the same of an owner, those that have heard of it. */
const SPENT = "max by (job, owner) (gaugelet_budget_spent_ratio)";
const WARNING = "max by (job, owner) (gaugelet_budget_warning_ratio)";

const onUsage = (title: string): PanelLink => ({ dashboard: usage, title, variables: ["owner"] });

export const usageAlerts: readonly Alert[] = [
  {
    alert: "GaugeletBudgetWarning",
    expr: `${SPENT} >= ${WARNING} < 1`,
    for: "1m",
    keepFiringFor: "5m",
    severity: "warning",
    part: "function",
    summary: "An owner has spent most of the budget of the month.",
    description:
      "{{ $labels.owner }} has spent {{ $value | humanizePercentage }} of the budget of the month.",
    panel: onUsage("Budget spent"),
  },
  {
    alert: "GaugeletBudgetSpent",
    expr: `${SPENT} >= 1`,
    for: "1m",
    keepFiringFor: "5m",
    severity: "critical",
    part: "function",
    summary: "An owner has spent the budget of the month.",
    description:
      "{{ $labels.owner }} has spent {{ $value | humanizePercentage }} of the budget of the month. Where it is hard, calls are refused and events wait.",
    panel: onUsage("Budget spent"),
  },
];
