import { Short } from "@grafana/grafana-foundation-sdk/units";
import { dashedLine, lineAt, type Row, rangeQuery, thresholdLine, timeseries } from "../common.ts";
import { ofFunction, recordedOfFunction } from "../scope.ts";
import { thresholds } from "../thresholds.ts";

export const saturation: Row = {
  title: "Saturation",
  panels: [
    timeseries(
      "Queue",
      "Events that wait for a worker. Dashed: where the alert begins, if they also become more.",
      Short,
    )
      .min(0)
      .decimals(0)
      .thresholds(lineAt(thresholds.functionQueue))
      .thresholdsStyle(thresholdLine())
      .withTarget(
        rangeQuery(
          `sum by (function) (function:gaugelet_function_queue_events:sum{${recordedOfFunction}})`,
          "{{function}}",
        ),
      ),
    timeseries(
      "Workers",
      "Workers by state, over all runtimes: those that are missing dotted, and how few and how many there may be dashed.",
      Short,
    )
      .min(0)
      .decimals(0)
      .withTarget(
        rangeQuery(`sum by (function, state) (gaugelet_workers{${ofFunction}})`, "{{function}} {{state}}"),
      )
      .withTarget(
        rangeQuery(`sum by (function) (gaugelet_workers_minimum{${ofFunction}})`, "{{function}} minimum"),
      )
      .withTarget(
        rangeQuery(`sum by (function) (gaugelet_workers_maximum{${ofFunction}})`, "{{function}} maximum"),
      )
      .overrideByRegexp("/ (starting|restarting|failing|idle|stopped)$/", [
        { id: "custom.lineStyle", value: { fill: "dot", dash: [0, 10] } },
      ])
      .overrideByRegexp("/ (minimum|maximum)$/", [...dashedLine]),
  ],
};
