import type { AlertCase } from "./case.ts";

const f = 'job="runtime",instance="r",function="f"';
/** What the runtime says of the function beside what a case is about. */
const manifest = {
  [`gaugelet_function_info{${f},owner="data-team"}`]: "1x2000",
  [`gaugelet_function_success_objective_ratio{${f}}`]: "0.99x2000",
};
const labels = { job: "runtime", function: "f", owner: "data-team" };

/** Calls of which from `breaks` to `mends` so many of 100 fail, one sample per minute. */
function calls(before: number, during: number, after: number, failed: number): Record<string, string> {
  const good = 100 - failed;
  return {
    [`gaugelet_function_invocations_total{${f},outcome="ok"}`]: `0+100x${before} ${before * 100 + good}+${good}x${during - 1} ${before * 100 + good * during + 100}+100x${after}`,
    [`gaugelet_function_invocations_total{${f},outcome="error"}`]: `0x${before} ${failed}+${failed}x${during - 1} ${failed * during}x${after}`,
  };
}

export const functionCases: readonly AlertCase[] = [
  {
    alert: "GaugeletFunctionFailing",
    interval: "1m",
    series: { ...manifest, ...calls(10, 20, 20, 50) },
    // After one minute of five a tenth has failed, which is not more than a tenth yet.
    breaks: 720,
    mends: 2040,
    labels,
    description: "40% of the calls of f failed in the last 5m, above 10 %.",
    panel: ["gaugelet-functions", "Failures", "var-function=f"],
  },
  {
    alert: "GaugeletFunctionErrorBudgetBurnFast",
    interval: "1m",
    series: { ...manifest, ...calls(90, 60, 30, 60) },
    breaks: 6300,
    mends: 9240,
    labels,
    description: "f fails 17 times as often as its objective allows, over the last hour and now.",
    panel: ["gaugelet-functions", "Failures", "var-function=f"],
  },
  {
    alert: "GaugeletFunctionErrorBudgetBurnSlow",
    interval: "1m",
    series: { ...manifest, ...calls(400, 120, 60, 30) },
    breaks: 28380,
    mends: 32640,
    labels,
    description: "f fails 7.333 times as often as its objective allows, over the last 6 hours and now.",
    panel: ["gaugelet-functions", "Failures", "var-function=f"],
  },
  {
    alert: "GaugeletFunctionSlow",
    series: {
      ...manifest,
      [`gaugelet_function_timeout_seconds{${f}}`]: "10x200",
      [`gaugelet_function_duration_seconds_bucket{${f},le="5"}`]: "0+10x20 200x40 200+10x40",
      [`gaugelet_function_duration_seconds_bucket{${f},le="10"}`]: "0+10x100",
      [`gaugelet_function_duration_seconds_bucket{${f},le="+Inf"}`]: "0+10x100",
    },
    breaks: 630,
    mends: 2160,
    labels,
    description: "The slowest 5 % of the calls of f take 97.5% of its timeout or more, above 50 %.",
    panel: ["gaugelet-functions", "Duration", "var-function=f"],
  },
  {
    alert: "GaugeletFunctionNotLoaded",
    series: { ...manifest, [`gaugelet_workers{${f},state="failing"}`]: "_x10 1x10 stale" },
    breaks: 300,
    mends: 630,
    labels,
    description: "f cannot be loaded: 1 of its workers are missing.",
    panel: ["gaugelet-workers", "Workers", "var-function=f"],
  },
  {
    alert: "GaugeletFunctionAtLimit",
    series: {
      ...manifest,
      [`gaugelet_function_limit_hits_total{${f},limit="memory"}`]: "_x18 1x2 2+1x20 22x40",
      // Once is no habit.
      [`gaugelet_function_limit_hits_total{${f},limit="cpu"}`]: "0x20 1x60",
    },
    breaks: 630,
    mends: 1530,
    labels: { ...labels, limit: "memory" },
    description: "f came up against its limit memory 10 times in the last 5m.",
    panel: ["gaugelet-workers", "Limits hit", "var-function=f"],
  },
  {
    alert: "GaugeletFunctionQueueGrowing",
    series: { ...manifest, [`gaugelet_function_queue_events{${f}}`]: "0x10 110+10x20 310x10 0x20" },
    breaks: 330,
    mends: 1230,
    labels,
    description: "210 events wait for f, and they become more.",
    panel: ["gaugelet-workers", "Queue", "var-function=f"],
  },
  {
    alert: "GaugeletDeadLetters",
    series: {
      ...manifest,
      // Its first sample is of the middle of the window: an increase is more than what was counted by then.
      [`gaugelet_dead_letter_events_total{${f},topic=""}`]: "_x10 1x10 3x60",
    },
    breaks: 630,
    mends: 1230,
    labels,
    description: "2 events of f were put on gaugelet:dead:f in the last 10m.",
    panel: ["gaugelet-functions", "Calls", "var-function=f"],
  },
];
