import { registerProcessMetrics } from "@gaugelet/shared/process-metrics";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { DROP_REASONS, type DropReason } from "../drops.ts";
import { VERSION } from "../version.ts";
import { OwnText } from "./own-text.ts";
import type { TextFormat } from "./text.ts";

/** Longest text of an exemplar's label: OpenMetrics allows 128 characters for name and text. */
const EXEMPLAR_LENGTH = 100;

/** Metrics about the exporter, which live as long as it does. */
export class OwnMetrics {
  // The library keeps exemplars only in a registry of this kind.
  readonly #registry = new Registry(Registry.OPENMETRICS_CONTENT_TYPE);
  readonly #text = new OwnText(this.#registry, Date.now());
  readonly #dropped = new Counter({
    name: "gaugelet_exporter_dropped_total",
    help: "Outputs and fields that could not be exported, counted once per version of an output.",
    labelNames: ["reason"],
    registers: [this.#registry],
  });
  readonly #redisUp = new Gauge({
    name: "gaugelet_exporter_redis_up",
    help: "1 where Redis answered this scrape, 0 where it did not.",
    registers: [this.#registry],
  });
  readonly #scrapes = new Histogram<"trace_id">({
    name: "gaugelet_exporter_scrape_duration_seconds",
    help: "Time to answer a scrape.",
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    enableExemplars: true,
    registers: [this.#registry],
  });
  readonly #renders = new Histogram<"key">({
    name: "gaugelet_exporter_render_duration_seconds",
    help: "Time to read and write one changed output.",
    buckets: [0.00001, 0.0001, 0.001, 0.01, 0.1, 1],
    enableExemplars: true,
    registers: [this.#registry],
  });
  readonly #reloadOk = new Gauge({
    name: "gaugelet_exporter_config_last_reload_successful",
    help: "1 where the configuration in force is the newest, 0 where the newest is wrong and the one before stays.",
    registers: [this.#registry],
  });
  readonly #reloadAt = new Gauge({
    name: "gaugelet_exporter_config_last_reload_success_timestamp_seconds",
    help: "When a configuration was last taken, in seconds since the Unix epoch.",
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

  redisIsUp(isUp: boolean): void {
    this.#redisUp.set(isUp ? 1 : 0);
  }

  reloaded(isSuccess: boolean): void {
    this.#reloadOk.set(isSuccess ? 1 : 0);
    if (isSuccess) this.#reloadAt.set(Date.now() / 1000);
  }

  /** @param traceId of the scraper, where it says one. */
  observeScrape(seconds: number, traceId: string | undefined): void {
    this.#scrapes.observe({
      value: seconds,
      ...(traceId === undefined ? {} : { exemplarLabels: { trace_id: traceId } }),
    });
  }

  observeRender(key: string, seconds: number): void {
    this.#renders.observe({
      value: seconds,
      exemplarLabels: { key: key.slice(0, EXEMPLAR_LENGTH).toWellFormed() },
    });
  }

  async render(format: TextFormat): Promise<string> {
    const texts = [await this.#text.render(format), await processText().render(format)];
    return texts.join(format === "text" ? "\n" : "");
  }
}

let process_: OwnText | undefined;

/** Metrics of the process: one registry for all exporters in it, as their collectors cannot be stopped. */
function processText(): OwnText {
  if (process_ !== undefined) return process_;
  const registry = new Registry();
  registerProcessMetrics(registry);
  process_ = new OwnText(registry, Date.now() - process.uptime() * 1000);
  return process_;
}
