import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { host } from "./host/dashboard.ts";

/** Every dashboard we ship, by the name of its JSON file. */
export const dashboards: Readonly<Record<string, () => Dashboard>> = {
  "host.json": host,
};

/** The text of a dashboard's JSON file. */
export function toJson(dashboard: Dashboard): string {
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}
