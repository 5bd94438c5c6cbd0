import { thresholds, windows } from "@gaugelet/grafana/thresholds";
import { workers } from "@gaugelet/grafana/workers/dashboard";
import type { Alert, PanelLink } from "../rule.ts";
import { percent, withOwner } from "../text.ts";

const onWorkers = (title: string): PanelLink => ({ dashboard: workers, title, variables: ["function"] });

export const workerAlerts: readonly Alert[] = [
  {
    alert: "GaugeletFunctionCrashLooping",
    expr: withOwner(
      `function:gaugelet_worker_restarts:increase${windows.restarts} >= ${thresholds.workerRestarts}`,
    ),
    for: "1m",
    keepFiringFor: "5m",
    severity: "critical",
    part: "worker",
    summary: "The workers of a function end again and again.",
    description: `Workers of {{ $labels.function }} ended by themselves {{ $value | humanize }} times in the last ${windows.restarts}.`,
    panel: onWorkers("Restarts"),
  },
  {
    alert: "GaugeletWorkersAtMaximum",
    expr: withOwner(
      `max by (job, function) (gaugelet_worker_utilization_ratio > ${thresholds.workerUtilization} and on (job, instance, function) gaugelet_workers{state="ready"} >= on (job, instance, function) gaugelet_workers_maximum)`,
    ),
    for: "10m",
    keepFiringFor: "5m",
    severity: "warning",
    part: "worker",
    summary: "A function has as many workers as it may have, and all are busy.",
    description: `The workers of {{ $labels.function }} are busy {{ $value | humanizePercentage }} of the time, above ${percent(thresholds.workerUtilization)}, and there may be no more of them.`,
    panel: onWorkers("Utilization"),
  },
  {
    alert: "GaugeletWorkerMemoryHigh",
    expr: withOwner(
      `max by (job, function) (gaugelet_worker_memory_bytes) / max by (job, function) (gaugelet_worker_memory_limit_bytes) > ${thresholds.workerMemory}`,
    ),
    for: "5m",
    keepFiringFor: "5m",
    severity: "warning",
    part: "worker",
    summary: "A worker needs nearly all the memory that it may have.",
    description: `A worker of {{ $labels.function }} needed {{ $value | humanizePercentage }} of its memory limit, above ${percent(thresholds.workerMemory)}.`,
    panel: onWorkers("Memory"),
  },
];
