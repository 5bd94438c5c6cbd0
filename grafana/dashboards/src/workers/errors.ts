import { CountsPerSecond, Short } from "@grafana/grafana-foundation-sdk/units";
import { lineAt, type Row, rangeQuery, thresholdLine, timeseries } from "../common.ts";
import { ofFunction, recordedOfFunction } from "../scope.ts";
import { thresholds, windows } from "../thresholds.ts";

export const errors: Row = {
  title: "Errors",
  panels: [
    timeseries(
      "Restarts",
      `Workers that ended by themselves in the last ${windows.restarts}. Dashed: where the alert begins.`,
      Short,
    )
      .span(8)
      .min(0)
      .decimals(0)
      .axisSoftMax(thresholds.workerRestarts)
      .thresholds(lineAt(thresholds.workerRestarts))
      .thresholdsStyle(thresholdLine())
      .withTarget(
        rangeQuery(
          `sum by (function) (function:gaugelet_worker_restarts:increase${windows.restarts}{${recordedOfFunction}})`,
          "{{function}}",
        ),
      ),
    counted(
      "Restarts by cause",
      "Workers that ended by themselves per second: at a limit, or else.",
      "gaugelet_worker_restarts_total",
      "cause",
    ),
    counted(
      "Limits hit",
      "Calls per second that came up against a limit of the manifest.",
      "gaugelet_function_limit_hits_total",
      "limit",
    ),
  ],
};

function counted(title: string, description: string, counter: string, label: string) {
  return timeseries(title, description, CountsPerSecond)
    .span(8)
    .min(0)
    .axisSoftMax(0.1)
    .withTarget(
      rangeQuery(
        // Of what has happened at all whole lines, also while it does not happen; else that nothing does.
        `sum by (function, ${label}) (rate(${counter}{${ofFunction}}[$__rate_interval])) and sum by (function, ${label}) (${counter}{${ofFunction}}) > 0 or on () sum by (function) (rate(${counter}{${ofFunction}}[$__rate_interval]))`,
        `{{function}} {{${label}}}`,
      ),
    );
}
