import type { MetricObjectWithValues, MetricValue, Registry } from "prom-client";
import { baseName } from "./family.ts";
import { escapeValue, formatNumber, type TextFormat } from "./text.ts";

/**
 * The client library's metrics in both texts. Its own writer knows no `_created`, and once it has written
 * OpenMetrics the names of its counters are others for good.
 */
export class OwnText {
  readonly #registry: Registry;
  /** When series were first there, in seconds since the Unix epoch. */
  readonly #created = new Map<string, number>();
  #lastSeen: number;

  /** @param since when counting began, in milliseconds. */
  constructor(registry: Registry, since: number) {
    this.#registry = registry;
    this.#lastSeen = since;
  }

  async render(format: TextFormat): Promise<string> {
    const metrics = await this.#registry.getMetricsAsJSON();
    const written = metrics.map((metric) => this.#writeMetric(metric, format));
    if (format === "openmetrics") this.#lastSeen = Date.now();
    return written.join(format === "text" ? "\n" : "");
  }

  #writeMetric(metric: MetricObjectWithValues<MetricValue<string>>, format: TextFormat): string {
    const type = metric.type as unknown as string;
    const isOpenMetrics = format === "openmetrics";
    const isCounter = type === "counter";
    const name = isOpenMetrics && isCounter ? baseName(metric.name, "counter") : metric.name;
    const help = metric.help.replace(/[\\\n]/g, (c) => (c === "\n" ? "\\n" : "\\\\"));
    const lines = [`# HELP ${name} ${isOpenMetrics ? help.replaceAll('"', '\\"') : help}`];
    lines.push(`# TYPE ${name} ${type}`);
    for (const value of metric.values) {
      lines.push(writeSample(metric.name, value, isOpenMetrics));
      if (!isOpenMetrics) continue;
      // The last line of each counter and each histogram.
      const sampleName = (value as { metricName?: string }).metricName ?? metric.name;
      if (!isCounter && sampleName !== `${metric.name}_count`) continue;
      const labels = writeLabels(value.labels, true);
      lines.push(`${name}_created${labels} ${this.#createdAt(`${name}${labels}`)}`);
    }
    return `${lines.join("\n")}\n`;
  }

  /** A series that was not there the last time was made since then. */
  #createdAt(id: string): number {
    const known = this.#created.get(id);
    if (known !== undefined) return known;
    this.#created.set(id, this.#lastSeen / 1000);
    return this.#lastSeen / 1000;
  }
}

type Labels = MetricValue<string>["labels"];

interface Exemplar {
  readonly labelSet: Readonly<Record<string, string>>;
  readonly value: number;
  readonly timestamp: number;
}

function writeSample(name: string, value: MetricValue<string>, isOpenMetrics: boolean): string {
  const { metricName = name, exemplar } = value as { metricName?: string; exemplar?: Exemplar | null };
  const line = `${metricName}${writeLabels(value.labels, isOpenMetrics)} ${formatNumber(value.value)}`;
  if (!isOpenMetrics || exemplar === undefined || exemplar === null) return line;
  return `${line} # ${writeLabels(exemplar.labelSet, true) || "{}"} ${formatNumber(exemplar.value)} ${exemplar.timestamp}`;
}

function writeLabels(labels: Labels, isOpenMetrics: boolean): string {
  const written = Object.entries(labels).map(([label, value]) => {
    const text = String(value);
    // OpenMetrics has the bounds of buckets as numbers with a point.
    const isWhole = isOpenMetrics && label === "le" && /^\d+$/.test(text);
    return `${label}="${escapeValue(isWhole ? `${text}.0` : text)}"`;
  });
  return written.length === 0 ? "" : `{${written.join(",")}}`;
}
