import { PercentUnit, RequestsPerSecond, Seconds } from "@grafana/grafana-foundation-sdk/units";
import { lineAt, type Row, rangeQuery, thresholdLine, timeseries } from "../common.ts";
import { recordedScope, scope } from "../scope.ts";
import { thresholds, windows } from "../thresholds.ts";

export const functions: Row = {
  title: "Functions",
  panels: [
    timeseries(
      "Calls by function",
      "Calls of each function per second, however they ended.",
      RequestsPerSecond,
    )
      .span(8)
      .min(0)
      .withTarget(
        rangeQuery(
          `sum by (function) (rate(gaugelet_function_invocations_total{${scope}}[$__rate_interval]))`,
          "{{function}}",
        ),
      ),
    timeseries(
      "Failures by function",
      `Share of the calls that failed in the last ${windows.failures}. Dashed: where the alert begins.`,
      PercentUnit,
    )
      .span(8)
      .min(0)
      .max(1)
      .thresholds(lineAt(thresholds.functionFailures))
      .thresholdsStyle(thresholdLine())
      .withTarget(
        rangeQuery(
          `max by (function) (function:gaugelet_function_failures:ratio_rate${windows.failures}{${recordedScope}})`,
          "{{function}}",
        ),
      ),
    timeseries(
      "Freshness of outputs",
      "Time since each output was stored. A line that ends is an output that grew too old or went away.",
      Seconds,
    )
      .span(8)
      .min(0)
      .withTarget(
        rangeQuery(
          `time() - max by (function, host, shard) (gaugelet_output_timestamp_seconds{${scope}})`,
          "{{function}} {{host}}{{shard}}",
        ),
      ),
  ],
};
