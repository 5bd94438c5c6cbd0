import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { DROP_REASONS, type DropReason } from "../drops.ts";
import type { Family } from "../mapping/rules.ts";
import { VERSION } from "../version.ts";

/** Families that the exporter adds to those of the rules. */
export const OUTPUT_TIMESTAMP: Family = {
  name: "gaugelet_output_timestamp_seconds",
  type: "gauge",
  help: "When the output was last stored, in seconds since the Unix epoch.",
};
export const OUTPUT_UP: Family = {
  name: "gaugelet_exporter_output_up",
  type: "gauge",
  help: "1 where the output is exported, 0 where it is gone, stale or unreadable.",
};
export const REDIS_UP: Family = {
  name: "gaugelet_exporter_redis_up",
  type: "gauge",
  help: "1 where Redis answered this scrape, 0 where it did not.",
};

/** Metrics about the exporter, which live as long as it does. */
export class OwnMetrics {
  readonly #registry = new Registry();
  readonly #dropped = new Counter({
    name: "gaugelet_exporter_dropped_total",
    help: "Outputs and fields that could not be exported, counted at each scrape.",
    labelNames: ["reason"],
    registers: [this.#registry],
  });
  /** From the request to the rendered text, in seconds. */
  readonly scrapeDuration = new Histogram({
    name: "gaugelet_exporter_scrape_duration_seconds",
    help: "Time to answer a scrape.",
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [this.#registry],
  });

  constructor() {
    for (const reason of Object.keys(DROP_REASONS)) this.#dropped.inc({ reason }, 0);
    new Gauge({
      name: "gaugelet_exporter_build_info",
      help: "The exporter's version; always 1.",
      labelNames: ["version"],
      registers: [this.#registry],
    }).set({ version: VERSION }, 1);
  }

  countDrop(reason: DropReason): void {
    this.#dropped.inc({ reason });
  }

  async render(): Promise<string> {
    return `${await this.#registry.metrics()}\n${await processMetrics().metrics()}`;
  }
}

let processRegistry: Registry | undefined;

/** Metrics of the process: one registry for all exporters in it, as their collectors cannot be stopped. */
function processMetrics(): Registry {
  if (processRegistry !== undefined) return processRegistry;
  processRegistry = new Registry();
  collectDefaultMetrics({ register: processRegistry });
  // Their names break Prometheus' conventions (`promtool check metrics` says so), and others say the same.
  for (const name of [
    "nodejs_active_handles_total",
    "nodejs_active_requests_total",
    "nodejs_active_resources_total",
    "nodejs_eventloop_utilization_histogram",
    "nodejs_eventloop_utilization_summary",
  ]) {
    processRegistry.removeSingleMetric(name);
  }
  return processRegistry;
}
