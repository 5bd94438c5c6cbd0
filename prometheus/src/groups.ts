import { functionAlerts } from "./alerts/functions.ts";
import { hostAlerts } from "./alerts/host.ts";
import { outputAlerts } from "./alerts/outputs.ts";
import { partAlerts } from "./alerts/parts.ts";
import { topicAlerts } from "./alerts/topics.ts";
import { usageAlerts } from "./alerts/usage.ts";
import { workerAlerts } from "./alerts/workers.ts";
import { functionRecordings } from "./recordings/functions.ts";
import { hostRecordings } from "./recordings/host.ts";
import { outputRecordings } from "./recordings/outputs.ts";
import { topicRecordings } from "./recordings/topics.ts";
import { workerRecordings } from "./recordings/workers.ts";
import type { Group } from "./rule.ts";

/**
 * All rules, by the name of their file in prometheus/rules. What an alert compares is recorded right before it,
 * in the same group: groups are evaluated side by side, the rules of one after the other.
 */
export const ruleFiles: Readonly<Record<string, readonly Group[]>> = {
  "functions.rules.yml": [{ name: "gaugelet-functions", rules: [...functionRecordings, ...functionAlerts] }],
  "host.rules.yml": [{ name: "gaugelet-host", rules: [...hostRecordings, ...hostAlerts] }],
  "outputs.rules.yml": [{ name: "gaugelet-outputs", rules: [...outputRecordings, ...outputAlerts] }],
  "parts.rules.yml": [{ name: "gaugelet-parts", rules: partAlerts }],
  "topics.rules.yml": [{ name: "gaugelet-topics", rules: [...topicRecordings, ...topicAlerts] }],
  "usage.rules.yml": [{ name: "gaugelet-usage", rules: usageAlerts }],
  "workers.rules.yml": [{ name: "gaugelet-workers", rules: [...workerRecordings, ...workerAlerts] }],
};
