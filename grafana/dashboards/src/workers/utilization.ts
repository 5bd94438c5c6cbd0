import { BytesIEC, PercentUnit, Short } from "@grafana/grafana-foundation-sdk/units";
import { dashedLine, lineAt, type Row, rangeQuery, thresholdLine, timeseries } from "../common.ts";
import { ofFunction } from "../scope.ts";
import { thresholds } from "../thresholds.ts";

export const utilization: Row = {
  title: "Utilization",
  panels: [
    timeseries(
      "Utilization",
      "Share of their time that the workers of a function have calls. Dashed: where the alert begins, if there may be no more workers.",
      PercentUnit,
    )
      .span(8)
      .min(0)
      .max(1)
      .thresholds(lineAt(thresholds.workerUtilization))
      .thresholdsStyle(thresholdLine())
      .withTarget(
        rangeQuery(`max by (function) (gaugelet_worker_utilization_ratio{${ofFunction}})`, "{{function}}"),
      ),
    timeseries("CPU", "Processors that the calls of a function keep busy.", Short)
      .span(8)
      .min(0)
      .withTarget(
        rangeQuery(
          `sum by (function) (rate(gaugelet_function_cpu_seconds_total{${ofFunction}}[$__rate_interval]))`,
          "{{function}}",
        ),
      ),
    timeseries(
      "Memory",
      `Highest resident memory of each worker so far, and what it may have (dashed). The alert begins at ${thresholds.workerMemory * 100} % of that.`,
      BytesIEC,
    )
      .span(8)
      .min(0)
      .withTarget(
        rangeQuery(
          `max by (function, instance, worker) (gaugelet_worker_memory_bytes{${ofFunction}})`,
          "{{function}} {{worker}}",
        ),
      )
      .withTarget(
        rangeQuery(
          `max by (function) (gaugelet_worker_memory_limit_bytes{${ofFunction}})`,
          "{{function}} limit",
        ),
      )
      .overrideByRegexp("/ limit$/", [...dashedLine]),
  ],
};
