import { windows } from "@gaugelet/grafana/thresholds";
import type { Recording } from "../rule.ts";
import { whole } from "../text.ts";

export const topicRecordings: readonly Recording[] = [
  {
    // All members of a group say the same of it.
    record: "function:gaugelet_topic_lag_events:max",
    expr: "max by (job, function, topic) (gaugelet_topic_lag_events)",
  },
  {
    record: `function:gaugelet_topic_assignments:increase${windows.assignments}`,
    expr: whole(
      `sum by (job, function) (increase(gaugelet_topic_assignments_total[${windows.assignments}]))`,
    ),
  },
];
