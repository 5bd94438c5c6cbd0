import { functionAlerts } from "./alerts/functions.ts";
import { hostAlerts } from "./alerts/host.ts";
import { outputAlerts } from "./alerts/outputs.ts";
import { partAlerts } from "./alerts/parts.ts";
import { workerAlerts } from "./alerts/workers.ts";
import { functionRecordings } from "./recordings/functions.ts";
import { hostRecordings } from "./recordings/host.ts";
import { outputRecordings } from "./recordings/outputs.ts";
import type { Group } from "./rule.ts";

/** All rules, by the name of their file in prometheus/rules. */
export const ruleFiles: Readonly<Record<string, readonly Group[]>> = {
  "functions.rules.yml": [functionRecordings, functionAlerts],
  "host.rules.yml": [hostRecordings, hostAlerts],
  "outputs.rules.yml": [outputRecordings, outputAlerts],
  "parts.rules.yml": [partAlerts],
  "workers.rules.yml": [workerAlerts],
};
