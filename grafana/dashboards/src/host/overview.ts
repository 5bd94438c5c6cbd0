import { PercentUnit, Seconds } from "@grafana/grafana-foundation-sdk/units";
import { type Row, rangeQuery, stat } from "../common.ts";
import { ofFunction, ofHost } from "./selectors.ts";

const MOVING_AVERAGE = "function_host_window:gaugelet_cpu_utilization_moving_average_ratio";

/** The host's state now. */
export const overview: Row = {
  title: "Now",
  panels: [
    ratio(
      "CPU, mean",
      "Moving average of the CPU utilization, mean over all CPUs. One value per window of the average.",
      `avg by (window) (${MOVING_AVERAGE}:avg{${ofFunction}})`,
      "{{window}}",
    ),
    ratio(
      "CPU, busiest",
      "Moving average of the CPU utilization of the busiest CPU. One value per window of the average.",
      `max by (window) (${MOVING_AVERAGE}:max{${ofFunction}})`,
      "{{window}}",
    ),
    ratio(
      "Network egress",
      "Share of the bytes on the network that left the host. Mean over the chosen functions.",
      `avg(gaugelet_network_egress_ratio{${ofFunction}})`,
      "egress",
    ),
    ratio(
      "Memory cache",
      "Share of the memory that caches file contents. Mean over the chosen functions.",
      `avg(gaugelet_memory_cache_ratio{${ofFunction}})`,
      "cache",
    ),
    ratio(
      "Memory used",
      "Share of the memory that programs hold and that cannot be freed without ending or swapping them.",
      `host:gaugelet_host_memory_used:ratio{${ofHost}}`,
      "used",
    ),
    stat(
      "Oldest output",
      "Time since the chosen functions last stored an output; the oldest counts. It grows when a function stops.",
      Seconds,
    )
      .min(0)
      .decimals(0)
      .withTarget(
        rangeQuery(
          `max(time() - max by (function, host) (gaugelet_output_timestamp_seconds{${ofFunction}}))`,
          "age",
        ),
      ),
  ],
};

function ratio(title: string, description: string, expression: string, legend: string) {
  return stat(title, description, PercentUnit)
    .min(0)
    .max(1)
    .decimals(1)
    .withTarget(rangeQuery(expression, legend));
}
