/**
 * What the exporter serves for one host with two CPUs: every host metric, one function without shards and one
 * with. Counters grow with `step`.
 */
export function exposition(step: number): string {
  const lines: string[] = [];
  const add = (metric: string, labels: Readonly<Record<string, string>>, value: number): void => {
    const text = Object.entries(labels).map(([name, label]) => `${name}="${label}"`);
    lines.push(`gaugelet_${metric}{${text.join(",")}} ${value}`);
  };

  const host = "default";
  for (const cpu of ["0", "1"]) {
    add("host_cpu_utilization_ratio", { host, cpu }, 0.25);
    for (const window of ["60s", "1h"]) {
      add("cpu_utilization_moving_average_ratio", { function: "usage", cpu, window }, 0.5);
      add("cpu_utilization_moving_average_ratio", { function: "usage-by-host", host, cpu, window }, 0.5);
    }
  }
  add("host_cpu_frequency_hertz", { host }, 2.6e9);
  add("host_processes", { host }, 122);
  const kinds = "total available used free active inactive buffers cached shared slab".split(" ");
  for (const kind of kinds) add(`host_memory_${kind}_bytes`, { host }, 1e9);
  const counters = "context_switches interrupts soft_interrupts system_calls".split(" ");
  for (const counter of counters) add(`host_${counter}_total`, { host }, step);
  for (const direction of ["transmit", "receive"]) {
    for (const what of ["bytes", "packets", "errors", "drops"]) {
      add(`host_network_${direction}_${what}_total`, { host, device: "eth0" }, step);
    }
  }
  const functions: Readonly<Record<string, string>>[] = [
    { function: "usage" },
    { function: "usage-by-host", host },
  ];
  for (const labels of functions) {
    add("network_egress_ratio", labels, 0.1);
    add("memory_cache_ratio", labels, 0.5);
    add("output_timestamp_seconds", labels, Date.now() / 1000);
  }
  return `${lines.join("\n")}\n`;
}
