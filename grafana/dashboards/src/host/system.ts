import { CountsPerSecond, Hertz, Short } from "@grafana/grafana-foundation-sdk/units";
import { colour, fixedColour, type Row, rangeQuery, timeseries } from "../common.ts";
import { ofHost } from "./selectors.ts";

export const system: Row = {
  title: "System",
  panels: [
    timeseries("CPU frequency", "Current clock frequency of the CPUs.", Hertz)
      .span(6)
      .min(0)
      .withTarget(rangeQuery(`max(gaugelet_host_cpu_frequency_hertz{${ofHost}})`, "frequency")),
    timeseries("Processes", "Number of processes.", Short)
      .span(6)
      .decimals(0)
      .withTarget(rangeQuery(`max(gaugelet_host_processes{${ofHost}})`, "processes")),
    timeseries(
      "Context switches",
      "How often per second a CPU went from one thread to another.",
      CountsPerSecond,
    )
      .span(6)
      .min(0)
      .withTarget(rate("context_switches", "context switches")),
    timeseries(
      "Interrupts",
      "How often per second a device, or the kernel itself (soft), asked for a CPU.",
      CountsPerSecond,
    )
      .span(6)
      .min(0)
      .withTarget(rate("interrupts", "hardware"))
      .withTarget(rate("soft_interrupts", "soft"))
      .overrideByName("soft", [fixedColour(colour.orange)]),
  ],
};

function rate(counter: string, legend: string) {
  return rangeQuery(`max(rate(gaugelet_host_${counter}_total{${ofHost}}[$__rate_interval]))`, legend);
}
