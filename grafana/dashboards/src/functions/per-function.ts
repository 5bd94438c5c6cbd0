import { ScaleDistribution, ScaleDistributionConfigBuilder } from "@grafana/grafana-foundation-sdk/common";
import {
  CountsPerSecond,
  PercentUnit,
  RequestsPerSecond,
  Seconds,
  Short,
} from "@grafana/grafana-foundation-sdk/units";
import {
  colour,
  dashedLine,
  fixedColour,
  lineAt,
  type Row,
  rangeQuery,
  thresholdLine,
  timeseries,
} from "../common.ts";
import { bucketQuery, heatmap } from "../heatmap.ts";
import { ofFunction, recordedOfFunction } from "../scope.ts";
import { thresholds, windows } from "../thresholds.ts";

/** From fractions of a millisecond to the timeout, on one axis. */
const LOGARITHMIC = new ScaleDistributionConfigBuilder().type(ScaleDistribution.Log).log(10);

/** All of one function. */
export const perFunction: Row = {
  title: "$function",
  repeat: "function",
  panels: [
    timeseries("Calls", "Calls per second by how they ended.", RequestsPerSecond)
      .span(8)
      .min(0)
      .axisSoftMax(0.1)
      .withTarget(
        rangeQuery(
          `sum by (outcome) (rate(gaugelet_function_invocations_total{${ofFunction}}[$__rate_interval]))`,
          "{{outcome}}",
        ),
      )
      .overrideByName("ok", [fixedColour(colour.blue)])
      .overrideByName("error", [fixedColour(colour.vermilion)])
      .overrideByName("timeout", [fixedColour(colour.orange)])
      .overrideByName("killed", [fixedColour(colour.purple)])
      .overrideByName("rejected", [fixedColour(colour.grey)]),
    timeseries(
      "Failures",
      `Share of the calls that failed in the last ${windows.failures}, and what the objective allows. Dashed: where the alert begins.`,
      PercentUnit,
    )
      .span(8)
      .min(0)
      .max(1)
      .thresholds(lineAt(thresholds.functionFailures))
      .thresholdsStyle(thresholdLine())
      .withTarget(
        rangeQuery(
          `max(function:gaugelet_function_failures:ratio_rate${windows.failures}{${recordedOfFunction}})`,
          "failed",
        ),
      )
      .withTarget(
        rangeQuery(`max(function:gaugelet_function_error_budget:ratio{${recordedOfFunction}})`, "allowed"),
      )
      .overrideByName("failed", [fixedColour(colour.vermilion)])
      .overrideByName("allowed", [fixedColour(colour.grey), { id: "custom.lineWidth", value: 1 }]),
    timeseries(
      "Duration",
      `Time in the handler: half of the calls take less than the median, 95 % and 99 % of them less than the other lines. The alert begins where 95 % reach ${thresholds.functionDuration * 100} % of the timeout (dashed).`,
      Seconds,
    )
      .span(8)
      .withTarget(quantile("gaugelet_function_duration_seconds", 0.5, "median"))
      .withTarget(quantile("gaugelet_function_duration_seconds", 0.95, "95 %"))
      .withTarget(quantile("gaugelet_function_duration_seconds", 0.99, "99 %"))
      .withTarget(
        rangeQuery(
          `max(gaugelet_function_timeout_seconds{${ofFunction}}) * ${thresholds.functionDuration}`,
          "alert",
        ),
      )
      .scaleDistribution(LOGARITHMIC)
      .overrideByName("median", [fixedColour(colour.blue)])
      .overrideByName("95 %", [fixedColour(colour.orange)])
      .overrideByName("99 %", [fixedColour(colour.vermilion)])
      .overrideByName("alert", [...dashedLine]),
    heatmap(
      "Duration, distribution",
      "How many calls per second took how long in the handler.",
      Seconds,
      RequestsPerSecond,
    )
      .span(8)
      .withTarget(
        bucketQuery(
          `sum by (le) (rate(gaugelet_function_duration_seconds_bucket{${ofFunction}}[$__rate_interval]))`,
        ),
      ),
    timeseries(
      "Queue time",
      "Time from an event reaching the runtime to its being sent to a worker.",
      Seconds,
    )
      .span(8)
      .min(0)
      .withTarget(quantile("gaugelet_function_queue_seconds", 0.5, "median"))
      .withTarget(quantile("gaugelet_function_queue_seconds", 0.95, "95 %"))
      .overrideByName("median", [fixedColour(colour.blue)])
      .overrideByName("95 %", [fixedColour(colour.orange)]),
    timeseries(
      "Output",
      "Every number of the function's output. Those of the known kinds are ratios; of CPUs the busiest is shown.",
      Short,
    )
      .span(8)
      .noValue("No output now, or no numbers in it but those of the dashboard Host")
      .overrideByRegexp("/^cpu_utilization_moving_average /", [fixedColour(colour.orange)])
      .overrideByRegexp("/^memory_cache /", [fixedColour(colour.blue)])
      .overrideByRegexp("/^network_egress /", [fixedColour(colour.purple)])
      .withTarget(
        rangeQuery(
          `max by (field, host, shard) (function_field:gaugelet_output:value{${recordedOfFunction}})`,
          "{{field}} {{host}}{{shard}}",
        ),
      ),
    timeseries(
      "Starts of workers",
      "Workers started per second, by how their process came to be.",
      CountsPerSecond,
    )
      .height(6)
      .min(0)
      .axisSoftMax(0.1)
      .noValue("No worker was started yet")
      .withTarget(
        rangeQuery(
          `sum by (how) (rate(gaugelet_worker_start_seconds_count{${ofFunction}}[$__rate_interval]))`,
          "{{how}}",
        ),
      ),
    timeseries(
      "Time to start",
      "Mean time from asking for a worker to its function being loaded, since the runtime started.",
      Seconds,
    )
      .height(6)
      .min(0)
      .noValue("No worker was started yet")
      .withTarget(
        rangeQuery(
          `sum by (how) (gaugelet_worker_start_seconds_sum{${ofFunction}}) / sum by (how) (gaugelet_worker_start_seconds_count{${ofFunction}})`,
          "{{how}}",
        ),
      ),
  ],
};

function quantile(histogram: string, share: number, legend: string) {
  return rangeQuery(
    `histogram_quantile(${share}, sum by (le) (rate(${histogram}_bucket{${ofFunction}}[$__rate_interval])))`,
    legend,
  );
}
