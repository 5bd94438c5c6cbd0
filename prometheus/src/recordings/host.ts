import type { Recording } from "../rule.ts";

const MOVING_AVERAGE = "gaugelet_cpu_utilization_moving_average_ratio";

/**
 * What the dashboards show of hosts, and the alerts compare. Aggregating by the labels that are left also
 * makes one series of what several exporters, or an exporter before and after a restart, say about the same
 * thing. The label `job` stays everywhere, and is not named.
 */
export const hostRecordings: readonly Recording[] = [
  {
    record: `function_host_window:${MOVING_AVERAGE}:avg`,
    expr: `avg by (job, function, host, window) (${MOVING_AVERAGE})`,
  },
  {
    record: `function_host_window:${MOVING_AVERAGE}:max`,
    expr: `max by (job, function, host, window) (${MOVING_AVERAGE})`,
  },
  {
    record: "host:gaugelet_host_cpu_utilization:ratio",
    expr: "avg by (job, host) (max by (job, host, cpu) (gaugelet_host_cpu_utilization_ratio))",
  },
  {
    record: "host:gaugelet_host_memory_used:ratio",
    expr: "max by (job, host) (gaugelet_host_memory_used_bytes) / max by (job, host) (gaugelet_host_memory_total_bytes)",
  },
  {
    record: "function_host:gaugelet_network_egress:ratio",
    expr: "max by (job, function, host) (gaugelet_network_egress_ratio)",
  },
  {
    record: "function_host:gaugelet_memory_cache:ratio",
    expr: "max by (job, function, host) (gaugelet_memory_cache_ratio)",
  },
];
