import { host } from "@gaugelet/grafana/host/dashboard";
import { thresholds } from "@gaugelet/grafana/thresholds";
import type { Alert } from "../rule.ts";
import { percent } from "../text.ts";

export const hostAlerts: readonly Alert[] = [
  {
    alert: "GaugeletHostCpuHigh",
    expr: `host:gaugelet_host_cpu_utilization:ratio > ${thresholds.hostCpu}`,
    for: "5m",
    keepFiringFor: "2m",
    severity: "warning",
    part: "host",
    summary: "The CPUs of a host are nearly always busy.",
    description: `The CPUs of host {{ $labels.host }} are busy {{ $value | humanizePercentage }} of the time, above ${percent(thresholds.hostCpu)}.`,
    panel: { dashboard: host, title: "CPU, all", variables: ["host"] },
  },
  {
    alert: "GaugeletHostMemoryHigh",
    expr: `host:gaugelet_host_memory_used:ratio > ${thresholds.hostMemory}`,
    for: "5m",
    keepFiringFor: "2m",
    severity: "warning",
    part: "host",
    summary: "A host has little memory left.",
    description: `Programs on host {{ $labels.host }} hold {{ $value | humanizePercentage }} of its memory, above ${percent(thresholds.hostMemory)}.`,
    panel: { dashboard: host, title: "Memory used", variables: ["host"] },
  },
  {
    alert: "GaugeletHostEgressHigh",
    expr: `function_host:gaugelet_network_egress:ratio > ${thresholds.hostEgress}`,
    for: "15m",
    keepFiringFor: "5m",
    severity: "warning",
    part: "host",
    summary: "A host sends far more than it receives.",
    description: `Of the traffic that {{ $labels.function }} sees{{ with $labels.host }} on host {{ . }}{{ end }}, {{ $value | humanizePercentage }} is sent, above ${percent(thresholds.hostEgress)}.`,
    panel: { dashboard: host, title: "Network egress", variables: ["function", "host"] },
  },
  {
    alert: "GaugeletHostCacheLow",
    expr: `function_host:gaugelet_memory_cache:ratio < ${thresholds.hostCache}`,
    for: "15m",
    keepFiringFor: "5m",
    severity: "warning",
    part: "host",
    summary: "A host has hardly any memory for the files it reads.",
    description: `By {{ $labels.function }}{{ with $labels.host }} on host {{ . }}{{ end }}, files are cached in {{ $value | humanizePercentage }} of the memory, below ${percent(thresholds.hostCache)}.`,
    panel: { dashboard: host, title: "Memory cache", variables: ["function", "host"] },
  },
];
