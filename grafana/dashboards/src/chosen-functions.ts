import type { DashboardBuilder } from "@grafana/grafana-foundation-sdk/dashboard";
import { multiQueryVariable } from "./common.ts";
import { deployments } from "./deployments.ts";
import { scope } from "./scope.ts";

/** Let people choose owners and of their functions, and mark when those were deployed. */
export function withChosenFunctions(dashboard: DashboardBuilder): DashboardBuilder {
  return dashboard
    .withVariable(
      multiQueryVariable("owner", "Owner", `label_values(gaugelet_function_info{${scope}}, owner)`),
    )
    .withVariable(
      multiQueryVariable(
        "function",
        "Function",
        `label_values(gaugelet_function_info{${scope}, owner=~"$owner"}, function)`,
      ),
    )
    .annotation(deployments());
}
