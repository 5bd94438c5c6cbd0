import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { addRows, newDashboard } from "../common.ts";
import { alerts } from "./alerts.ts";
import { functions } from "./functions.ts";
import { monitoring } from "./monitoring.ts";
import { state } from "./state.ts";

/** Is everything well? What a person opens first. */
export function overview(): Dashboard {
  const dashboard = newDashboard("gaugelet-overview", "Overview", "up").description(
    "Is everything well? The parts, the alerts that fire, functions that fail, and how fresh the outputs are.",
  );
  return addRows(dashboard, [state, alerts, functions, monitoring]).build();
}
