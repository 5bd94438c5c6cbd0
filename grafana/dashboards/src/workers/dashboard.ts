import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { addRows, multiQueryVariable, newDashboard } from "../common.ts";
import { deployments } from "../deployments.ts";
import { scope } from "../scope.ts";
import { errors } from "./errors.ts";
import { saturation } from "./saturation.ts";
import { utilization } from "./utilization.ts";

/** Utilization, saturation and errors of the processes that functions run in. */
export function workers(): Dashboard {
  const dashboard = newDashboard("gaugelet-workers", "Workers", "gaugelet_workers")
    .description("How busy the workers are, what waits for them, and what ends them.")
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
  return addRows(dashboard, [utilization, saturation, errors]).build();
}
