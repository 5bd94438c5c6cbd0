import { PercentUnit } from "@grafana/grafana-foundation-sdk/units";
import { colour, fixedColour, type Row, rangeQuery, shadesOf, timeseries } from "../common.ts";
import { ofFunction, ofHost } from "./selectors.ts";

/** One small panel per CPU, so that two CPUs and sixteen read alike. */
export const cpu: Row = {
  title: "CPU",
  panels: [
    timeseries(
      "CPU $cpu",
      "Utilization of this CPU as measured (thin), and its moving averages (bold), one per function and window.",
      PercentUnit,
    )
      .height(7)
      .span(24)
      .repeat("cpu")
      .repeatDirection("h")
      .maxPerRow(4)
      .min(0)
      .max(1)
      .withTarget(
        rangeQuery(
          `max by (cpu) (gaugelet_host_cpu_utilization_ratio{${ofHost}, cpu=~"$cpu"})`,
          "measured",
        ).refId("measured"),
      )
      .withTarget(
        rangeQuery(
          `max by (function, window) (gaugelet_cpu_utilization_moving_average_ratio{${ofFunction}, cpu=~"$cpu"})`,
          "{{function}} {{window}}",
        ).refId("average"),
      )
      .lineWidth(3)
      .overrideByQuery("average", [shadesOf(colour.orange)])
      .overrideByQuery("measured", [
        fixedColour(colour.grey),
        { id: "custom.lineWidth", value: 1 },
        { id: "custom.fillOpacity", value: 10 },
      ]),
  ],
};
