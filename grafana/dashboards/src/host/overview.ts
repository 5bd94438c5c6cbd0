import { BigValueColorMode } from "@grafana/grafana-foundation-sdk/common";
import { PercentUnit, Seconds } from "@grafana/grafana-foundation-sdk/units";
import { type Row, rangeQuery, stat, stateAbove, stateBelow } from "../common.ts";
import { thresholds } from "../thresholds.ts";
import { ofFunction, recordedOfFunction, recordedOfHost } from "./selectors.ts";
import { verdict } from "./verdict.ts";

const MOVING_AVERAGE = "function_host_window:gaugelet_cpu_utilization_moving_average_ratio";

/** The host's state now. */
export const overview: Row = {
  title: "Now",
  panels: [
    verdict,
    ratio(
      "CPU, all",
      "How busy the CPUs are, mean over all of them. An alert fires where it stays above the threshold.",
      `max(host:gaugelet_host_cpu_utilization:ratio{${recordedOfHost}})`,
      "busy",
    ).thresholds(stateAbove(thresholds.hostCpu)),
    ratio(
      "Memory used",
      "Share of the memory that programs hold and that cannot be freed without ending or swapping them.",
      `max(host:gaugelet_host_memory_used:ratio{${recordedOfHost}})`,
      "used",
    ).thresholds(stateAbove(thresholds.hostMemory)),
    ratio(
      "Egress",
      "Share of the bytes on the network that left the host. Mean over the chosen functions.",
      `avg(function_host:gaugelet_network_egress:ratio{${recordedOfFunction}})`,
      "egress",
    ).thresholds(stateAbove(thresholds.hostEgress)),
    ratio(
      "Cache",
      "Share of the memory that caches file contents. Mean over the chosen functions.",
      `avg(function_host:gaugelet_memory_cache:ratio{${recordedOfFunction}})`,
      "cache",
    ).thresholds(stateBelow(thresholds.hostCache)),
    stat(
      "Oldest output",
      "Time since the chosen functions last stored an output; the oldest counts. It grows when a function stops.",
      Seconds,
    )
      .decimals(0)
      .withTarget(
        rangeQuery(
          `max(time() - max by (function, host) (gaugelet_output_timestamp_seconds{${ofFunction}}))`,
          "age",
        ),
      ),
    ratio(
      "CPU, mean",
      "Moving average of the CPU utilization, mean over all CPUs. One value per window of the average.",
      `avg by (window) (${MOVING_AVERAGE}:avg{${recordedOfFunction}})`,
      "{{window}}",
    ).span(12),
    ratio(
      "CPU, busiest",
      "Moving average of the CPU utilization of the busiest CPU. One value per window of the average.",
      `max by (window) (${MOVING_AVERAGE}:max{${recordedOfFunction}})`,
      "{{window}}",
    ).span(12),
  ],
};

function ratio(title: string, description: string, expression: string, legend: string) {
  return stat(title, description, PercentUnit)
    .max(1)
    .decimals(1)
    .colorMode(BigValueColorMode.Value)
    .withTarget(rangeQuery(expression, legend));
}
