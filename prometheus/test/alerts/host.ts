import type { AlertCase } from "./case.ts";

const usage = 'job="exporter",function="usage",host="web-1"';

export const hostCases: readonly AlertCase[] = [
  {
    alert: "GaugeletHostCpuHigh",
    series: {
      'gaugelet_host_cpu_utilization_ratio{job="exporter",host="web-1",cpu="0"}': "0.5x9 0.9x19 0.5x20",
      'gaugelet_host_cpu_utilization_ratio{job="exporter",host="web-1",cpu="1"}': "0.5x9 0.96x19 0.5x20",
      'gaugelet_host_cpu_utilization_ratio{job="exporter",host="web-2",cpu="0"}': "0.9x50",
    },
    breaks: 300,
    mends: 900,
    labels: { job: "exporter", host: "web-1" },
    description: "The CPUs of host web-1 are busy 93% of the time, above 90 %.",
    panel: ["gaugelet-host", "CPU, all", "var-host=web-1"],
  },
  {
    alert: "GaugeletHostMemoryHigh",
    series: {
      'gaugelet_host_memory_used_bytes{job="exporter",host="web-1"}': "4e9x9 7.6e9x19 4e9x20",
      'gaugelet_host_memory_total_bytes{job="exporter",host="web-1"}': "8e9x50",
    },
    breaks: 300,
    mends: 900,
    labels: { job: "exporter", host: "web-1" },
    description: "Programs on host web-1 hold 95% of its memory, above 90 %.",
    panel: ["gaugelet-host", "Memory used", "var-host=web-1"],
  },
  {
    alert: "GaugeletHostEgressHigh",
    series: { [`gaugelet_network_egress_ratio{${usage}}`]: "0.5x9 0.95x49 0.5x30" },
    breaks: 300,
    mends: 1800,
    labels: { job: "exporter", function: "usage", host: "web-1" },
    description: "Of the traffic that usage sees on host web-1, 95% is sent, above 90 %.",
    panel: ["gaugelet-host", "Network egress", "var-function=usage&var-host=web-1"],
  },
  {
    alert: "GaugeletHostCacheLow",
    series: { 'gaugelet_memory_cache_ratio{job="exporter",function="usage"}': "0.3x9 0.02x49 0.3x30" },
    breaks: 300,
    mends: 1800,
    labels: { job: "exporter", function: "usage" },
    description: "By usage, files are cached in 2% of the memory, below 5 %.",
    panel: ["gaugelet-host", "Memory cache", "var-function=usage&var-host="],
  },
];
