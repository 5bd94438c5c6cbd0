import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { withChosenFunctions } from "../chosen-functions.ts";
import { addRows, newDashboard } from "../common.ts";
import { errors } from "./errors.ts";
import { saturation } from "./saturation.ts";
import { utilization } from "./utilization.ts";

/** Utilization, saturation and errors of the processes that functions run in. */
export function workers(): Dashboard {
  const dashboard = newDashboard("gaugelet-workers", "Workers", "gaugelet_workers").description(
    "How busy the workers are, what waits for them, and what ends them.",
  );
  return addRows(withChosenFunctions(dashboard), [utilization, saturation, errors]).build();
}
