import { windows } from "@gaugelet/grafana/thresholds";
import type { Recording } from "../rule.ts";
import { whole } from "../text.ts";

/** What the dashboards show of workers, and the alerts compare. */
export const workerRecordings: readonly Recording[] = [
  {
    record: `function:gaugelet_worker_restarts:increase${windows.restarts}`,
    expr: whole(`sum by (job, function) (increase(gaugelet_worker_restarts_total[${windows.restarts}]))`),
  },
];
