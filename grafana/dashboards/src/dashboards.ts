import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { functions } from "./functions/dashboard.ts";
import { host } from "./host/dashboard.ts";
import { overview } from "./overview/dashboard.ts";
import { topics } from "./topics/dashboard.ts";
import { usage } from "./usage/dashboard.ts";
import { workers } from "./workers/dashboard.ts";

/** Every dashboard we ship, by the name of its JSON file. */
export const dashboards: Readonly<Record<string, () => Dashboard>> = {
  "functions.json": functions,
  "host.json": host,
  "overview.json": overview,
  "topics.json": topics,
  "usage.json": usage,
  "workers.json": workers,
};

/** The text of a dashboard's JSON file. */
export function toJson(dashboard: Dashboard): string {
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}
