import type { AlertCase } from "./case.ts";

const f = 'job="runtime",instance="r",function="f"';
const manifest = { [`gaugelet_function_info{${f},owner="data-team"}`]: "1x200" };
const labels = { job: "runtime", function: "f", owner: "data-team" };

export const workerCases: readonly AlertCase[] = [
  {
    alert: "GaugeletFunctionCrashLooping",
    series: { ...manifest, [`gaugelet_worker_restarts_total{${f},cause="exit"}`]: "_x10 1x10 5x60" },
    breaks: 630,
    mends: 1230,
    labels,
    description: "Workers of f ended by themselves 4 times in the last 10m.",
    panel: ["gaugelet-workers", "Restarts", "var-function=f"],
  },
  {
    alert: "GaugeletWorkersAtMaximum",
    series: {
      ...manifest,
      [`gaugelet_worker_utilization_ratio{${f}}`]: "0.95x80",
      [`gaugelet_workers{${f},state="ready"}`]: "2x10 4x40 2x20",
      [`gaugelet_workers_maximum{${f}}`]: "4x80",
    },
    breaks: 330,
    mends: 1560,
    labels,
    description: "The workers of f are busy 95% of the time, above 80 %, and there may be no more of them.",
    panel: ["gaugelet-workers", "Utilization", "var-function=f"],
  },
  {
    alert: "GaugeletWorkerMemoryHigh",
    series: {
      ...manifest,
      [`gaugelet_worker_memory_bytes{${f},worker="0"}`]: "50x10 95x30 50x20",
      [`gaugelet_worker_memory_limit_bytes{${f}}`]: "100x80",
    },
    breaks: 330,
    mends: 1260,
    labels,
    description: "A worker of f needed 95% of its memory limit, above 90 %.",
    panel: ["gaugelet-workers", "Memory", "var-function=f"],
  },
];
