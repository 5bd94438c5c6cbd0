import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { withChosenFunctions } from "../chosen-functions.ts";
import { addRows, newDashboard } from "../common.ts";
import { perFunction } from "./per-function.ts";

/** Rate, errors and duration: one row of panels for each chosen function. */
export function functions(): Dashboard {
  const dashboard = newDashboard(
    "gaugelet-functions",
    "Functions",
    "gaugelet_function_info|gaugelet_output_timestamp_seconds",
  ).description("How often each function is called, what fails, how long it takes, and what it puts out.");
  return addRows(withChosenFunctions(dashboard), [perFunction]).build();
}
