import { functions } from "@gaugelet/grafana/functions/dashboard";
import { thresholds, windows } from "@gaugelet/grafana/thresholds";
import { workers } from "@gaugelet/grafana/workers/dashboard";
import type { Alert, PanelLink } from "../rule.ts";
import { percent, whole, withOwner } from "../text.ts";

const FAILURES = "function:gaugelet_function_failures:ratio_rate";
const BUDGET = "function:gaugelet_function_error_budget:ratio";

/** Both windows burn faster than this: the long one says that it matters, the short one that it goes on. */
function burn(long: string, short: string, factor: number): string {
  return withOwner(
    `${FAILURES}${long} / ${BUDGET} > ${factor} and ${FAILURES}${short} / ${BUDGET} > ${factor}`,
  );
}

const onFunctions = (title: string): PanelLink => ({ dashboard: functions, title, variables: ["function"] });

export const functionAlerts: readonly Alert[] = [
  {
    alert: "GaugeletFunctionFailing",
    expr: withOwner(`${FAILURES}${windows.failures} > ${thresholds.functionFailures}`),
    for: "2m",
    keepFiringFor: "5m",
    severity: "warning",
    part: "function",
    summary: "Many calls of a function fail.",
    description: `{{ $value | humanizePercentage }} of the calls of {{ $labels.function }} failed in the last ${windows.failures}, above ${percent(thresholds.functionFailures)}.`,
    panel: onFunctions("Failures"),
  },
  {
    alert: "GaugeletFunctionErrorBudgetBurnFast",
    expr: burn("1h", windows.failures, thresholds.burnFast),
    for: "2m",
    keepFiringFor: "5m",
    severity: "critical",
    part: "function",
    summary: "A function misses its success objective by far.",
    description:
      "{{ $labels.function }} fails {{ $value | humanize }} times as often as its objective allows, over the last hour and now.",
    panel: onFunctions("Failures"),
  },
  {
    alert: "GaugeletFunctionErrorBudgetBurnSlow",
    expr: burn("6h", "30m", thresholds.burnSlow),
    for: "15m",
    keepFiringFor: "15m",
    severity: "warning",
    part: "function",
    summary: "A function misses its success objective.",
    description:
      "{{ $labels.function }} fails {{ $value | humanize }} times as often as its objective allows, over the last 6 hours and now.",
    panel: onFunctions("Failures"),
  },
  {
    alert: "GaugeletFunctionSlow",
    expr: withOwner(
      `function:gaugelet_function_duration_seconds:p95_${windows.duration} / max by (job, function) (gaugelet_function_timeout_seconds) > ${thresholds.functionDuration}`,
    ),
    for: "5m",
    keepFiringFor: "5m",
    severity: "warning",
    part: "function",
    summary: "A function comes close to its timeout.",
    description: `The slowest 5 % of the calls of {{ $labels.function }} take {{ $value | humanizePercentage }} of its timeout or more, above ${percent(thresholds.functionDuration)}.`,
    panel: onFunctions("Duration"),
  },
  {
    alert: "GaugeletFunctionNotLoaded",
    expr: withOwner('sum by (job, function) (gaugelet_workers{state="failing"}) > 0'),
    for: "1m",
    keepFiringFor: "1m",
    severity: "critical",
    part: "function",
    summary: "A function cannot be loaded.",
    description:
      "{{ $labels.function }} cannot be loaded: {{ $value | humanize }} of its workers are missing.",
    panel: { dashboard: workers, title: "Workers", variables: ["function"] },
  },
  {
    alert: "GaugeletFunctionAtLimit",
    expr: withOwner(
      `${whole(`sum by (job, function, limit) (increase(gaugelet_function_limit_hits_total[${windows.limits}]))`)} > 0`,
    ),
    // As long as one hit counts: one alone does not fire, one after the other does.
    for: windows.limits,
    keepFiringFor: "5m",
    severity: "warning",
    part: "function",
    summary: "A function comes up against a limit of its manifest again and again.",
    description: `{{ $labels.function }} came up against its limit {{ $labels.limit }} {{ $value | humanize }} times in the last ${windows.limits}.`,
    panel: { dashboard: workers, title: "Limits hit", variables: ["function"] },
  },
  {
    alert: "GaugeletFunctionQueueGrowing",
    expr: withOwner(
      `function:gaugelet_function_queue_events:sum > ${thresholds.functionQueue} and deriv(function:gaugelet_function_queue_events:sum[5m]) > 0`,
    ),
    for: "5m",
    keepFiringFor: "5m",
    severity: "warning",
    part: "function",
    summary: "More events come than a function handles.",
    description: "{{ $value | humanize }} events wait for {{ $labels.function }}, and they become more.",
    panel: { dashboard: workers, title: "Queue", variables: ["function"] },
  },
  {
    alert: "GaugeletDeadLetters",
    expr: withOwner(
      `${whole(`sum by (job, function, topic) (increase(gaugelet_dead_letter_events_total[${windows.deadLetters}]))`)} > 0`,
    ),
    // What was put aside once stays aside: there is nothing to wait for.
    for: "0s",
    keepFiringFor: "10m",
    severity: "warning",
    part: "function",
    summary: "Events of a function failed for good and were put aside.",
    description: `{{ $value | humanize }} events of {{ $labels.function }} were put on gaugelet:dead:{{ $labels.function }} in the last ${windows.deadLetters}.`,
    panel: onFunctions("Calls"),
  },
];
