import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { addRows, multiQueryVariable, newDashboard, queryVariable } from "../common.ts";
import { scope } from "../scope.ts";
import { cpu } from "./cpu.ts";
import { memory } from "./memory.ts";
import { network } from "./network.ts";
import { overview } from "./overview.ts";
import { ofAnyFunction, ofHost } from "./selectors.ts";
import { system } from "./system.ts";

/** What functions make of the measurements of one host, beside the measurements themselves. */
export function host(): Dashboard {
  const dashboard = newDashboard("gaugelet-host", "Host", "gaugelet_host_cpu_utilization_ratio")
    .description("Measurements of a host, and what functions make of them.")
    .withVariable(
      queryVariable("host", "Host", `label_values(gaugelet_host_cpu_utilization_ratio{${scope}}, host)`),
    )
    .withVariable(
      multiQueryVariable(
        "function",
        "Function",
        `label_values(gaugelet_cpu_utilization_moving_average_ratio{${scope}, ${ofAnyFunction}}, function)`,
      ),
    )
    .withVariable(
      multiQueryVariable("cpu", "CPU", `label_values(gaugelet_host_cpu_utilization_ratio{${ofHost}}, cpu)`),
    );
  return addRows(dashboard, [overview, cpu, memory, network, system]).build();
}
