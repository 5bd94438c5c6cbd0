import type { AlertCase } from "./case.ts";

const value = { job: "exporter", function: "f", field: "length", owner: "data-team" };
/** Whose the function is, which the exporter does not know. */
const info = { 'gaugelet_function_info{job="runtime",instance="r",function="f",owner="data-team"}': "1x100" };
const threshold =
  'job="runtime",instance="r",function="f",field="length",severity="critical",direction="above"';

export const outputCases: readonly AlertCase[] = [
  {
    alert: "GaugeletOutputStale",
    series: {
      ...info,
      'gaugelet_exporter_output_up{job="exporter",instance="e",key="usage",function="f"}': "1x20 0x10 1x10",
    },
    breaks: 630,
    mends: 960,
    labels: { job: "exporter", key: "usage", function: "f", owner: "data-team" },
    description:
      "The output usage is gone, too old or unreadable. In the last 10 minutes it was there 85.71% of the time.",
    panel: ["gaugelet-overview", "Freshness of outputs"],
  },
  {
    alert: "GaugeletThresholdCrossed",
    series: {
      ...info,
      'gaugelet_output_value{job="exporter",instance="e",function="f",field="length"}': "1x10 150x30 1x20",
      [`gaugelet_function_threshold{${threshold}}`]: "100x100",
      [`gaugelet_function_threshold_for_seconds{${threshold}}`]: "600x100",
    },
    breaks: 330,
    mends: 1260,
    waits: 600,
    labels: { ...value, direction: "above" },
    severity: "critical",
    description: "length of f is 150, above the threshold of its manifest.",
    panel: ["gaugelet-functions", "Output", "var-function=f"],
  },
  {
    alert: "GaugeletThresholdWithoutValue",
    series: {
      ...info,
      'gaugelet_output_value{job="exporter",instance="e",function="f",field="length"}':
        "1x10 stale _x40 1x40",
      [`gaugelet_function_threshold{${threshold}}`]: "100x100",
    },
    breaks: 330,
    mends: 1560,
    labels: { ...value, job: "runtime" },
    description: "The manifest of f has a threshold (100) for length, which its output does not have.",
    panel: ["gaugelet-functions", "Output", "var-function=f"],
  },
];
