import type { Recording } from "../rule.ts";

export const topicRecordings: readonly Recording[] = [
  {
    // All members of a group say the same of it.
    record: "function:gaugelet_topic_lag_events:max",
    expr: "max by (job, function, topic) (gaugelet_topic_lag_events)",
  },
];
