import { windows } from "@gaugelet/grafana/thresholds";
import type { Recording } from "../rule.ts";

/** Calls that count against a function's objective. What was rejected was the caller's mistake. */
const FAILED = 'outcome=~"error|timeout|killed"';

/** Over which times failures are counted: {@link windows.failures} for people, all for the burn rates. */
const FAILURE_WINDOWS = [windows.failures, "30m", "1h", "6h"];

const failures = FAILURE_WINDOWS.map(
  (window): Recording => ({
    record: `function:gaugelet_function_failures:ratio_rate${window}`,
    expr: `
      sum by (job, function) (rate(gaugelet_function_invocations_total{${FAILED}}[${window}]))
      /
      (sum by (job, function) (rate(gaugelet_function_invocations_total[${window}])) > 0)`,
  }),
);

/** What the dashboards show of functions, and the alerts compare. */
export const functionRecordings: readonly Recording[] = [
  ...failures,
  {
    record: "function:gaugelet_function_info:owner",
    // One for each function, even while runtimes of the old and the new manifest run side by side: a second one would
    // fail every alert that asks for the owner.
    expr: "topk by (job, function) (1, group by (job, function, owner) (gaugelet_function_info))",
  },
  {
    record: "function:gaugelet_function_error_budget:ratio",
    expr: "1 - max by (job, function) (gaugelet_function_success_objective_ratio)",
  },
  {
    record: `function:gaugelet_function_duration_seconds:p95_${windows.duration}`,
    expr: `histogram_quantile(0.95, sum by (job, function, le) (rate(gaugelet_function_duration_seconds_bucket[${windows.duration}])))`,
  },
  {
    record: "function:gaugelet_function_queue_events:sum",
    expr: "sum by (job, function) (gaugelet_function_queue_events)",
  },
];
