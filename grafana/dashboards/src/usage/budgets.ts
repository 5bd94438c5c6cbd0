import { PercentUnit } from "@grafana/grafana-foundation-sdk/units";
import { lineAt, type Row, rangeQuery, thresholdLine, timeseries } from "../common.ts";
import { ofOwner } from "./selectors.ts";

export const budgets: Row = {
  title: "Budgets",
  panels: [
    timeseries(
      "Budget spent",
      "Share of each owner's budget of the month that is spent; nothing where nobody has a budget. Dashed: all of it.",
      PercentUnit,
    )
      .span(24)
      .min(0)
      .axisSoftMax(1)
      .noValue("Nobody has a budget")
      .thresholds(lineAt(1))
      .thresholdsStyle(thresholdLine())
      .withTarget(rangeQuery(`max by (owner) (gaugelet_budget_spent_ratio{${ofOwner}})`, "{{owner}}")),
  ],
};
