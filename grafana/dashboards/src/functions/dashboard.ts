import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { addRows, multiQueryVariable, newDashboard } from "../common.ts";
import { deployments } from "../deployments.ts";
import { scope } from "../scope.ts";
import { perFunction } from "./per-function.ts";

/** Rate, errors and duration: one row of panels for each chosen function. */
export function functions(): Dashboard {
  const dashboard = newDashboard(
    "gaugelet-functions",
    "Functions",
    "gaugelet_function_info|gaugelet_output_timestamp_seconds",
  )
    .description("How often each function is called, what fails, how long it takes, and what it puts out.")
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
  return addRows(dashboard, [perFunction]).build();
}
