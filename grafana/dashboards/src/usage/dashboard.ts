import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { addRows, multiQueryVariable, newDashboard } from "../common.ts";
import { scope } from "../scope.ts";
import { budgets } from "./budgets.ts";
import { functions } from "./functions.ts";
import { owners } from "./owners.ts";

/** What functions use, what that costs their owners, and what of their budgets is left. */
export function usage(): Dashboard {
  const dashboard = newDashboard("gaugelet-usage", "Usage and cost", "gaugelet_usage_.+")
    .description(
      "What owners spend today and this month, where the month is heading, and what it is spent on.",
    )
    .withVariable(
      multiQueryVariable("owner", "Owner", `label_values(gaugelet_usage_cost_total{${scope}}, owner)`),
    )
    .withVariable(
      multiQueryVariable(
        "function",
        "Function",
        `label_values(gaugelet_usage_cost_total{${scope}, owner=~"$owner"}, function)`,
      ),
    )
    .withVariable(
      multiQueryVariable(
        "class",
        "Class",
        `label_values(gaugelet_usage_cost_total{${scope}, owner=~"$owner"}, class)`,
      ),
    );
  return addRows(dashboard, [owners, budgets, functions]).build();
}
