import { type Gauge, Registry } from "prom-client";
import type { Family } from "../mapping/rules.ts";
import type { Series } from "../mapping/series.ts";

/** The series of one scrape, each once. */
export class SeriesSet {
  readonly #ids = new Set<string>();
  readonly #families = new Map<string, { readonly family: Family; readonly series: Series[] }>();

  /** @returns false where the series is there already; the first one stays. */
  add(series: Series): boolean {
    if (this.#ids.has(series.id)) return false;
    this.#ids.add(series.id);
    const known = this.#families.get(series.family.name);
    if (known === undefined)
      this.#families.set(series.family.name, { family: series.family, series: [series] });
    else known.series.push(series);
    return true;
  }

  /** The series in Prometheus' text format, families by name. */
  async render(): Promise<string> {
    const registry = new Registry();
    for (const [name, { family, series }] of [...this.#families].sort(([a], [b]) => (a < b ? -1 : 1))) {
      // Not the library's own Gauge and Counter: they tell series apart by joining label values with "|", so
      // that values which contain it would overwrite each other. Registry.aggregate registers such objects too.
      const metric = { name, get: async () => ({ ...family, values: series }) };
      registry.registerMetric(metric as unknown as Gauge);
    }
    return registry.metrics();
  }
}
