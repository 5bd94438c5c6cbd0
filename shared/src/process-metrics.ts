import { collectDefaultMetrics, type Registry } from "prom-client";

/** Their names break Prometheus' conventions (`promtool check metrics` says so), and others say the same. */
const BADLY_NAMED = [
  "nodejs_active_handles_total",
  "nodejs_active_requests_total",
  "nodejs_active_resources_total",
  "nodejs_eventloop_utilization_histogram",
  "nodejs_eventloop_utilization_summary",
];
/** The last two of these are measured by a timer that cannot be left out. As long as a timer may take. */
const HARDLY_EVER_MILLISECONDS = 2 ** 31 - 1;

/** The usual metrics `process_*` and `nodejs_*` of this process. Their collectors cannot be stopped. */
export function registerProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry, eventLoopUtilizationTimeout: HARDLY_EVER_MILLISECONDS });
  for (const name of BADLY_NAMED) registry.removeSingleMetric(name);
}
