import {
  Histogram,
  type HistogramConfiguration,
  type LabelValues,
  type MetricValueWithName,
} from "prom-client";

/** Observations of one set of labels. */
export class Tally {
  readonly #upperBounds: readonly number[];
  /** Observations by bucket, the last for those above all bounds. */
  readonly counts: number[];
  sum = 0;

  constructor(upperBounds: readonly number[]) {
    this.#upperBounds = upperBounds;
    this.counts = Array.from({ length: upperBounds.length + 1 }, () => 0);
  }

  observe(value: number): void {
    const bounds = this.#upperBounds;
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket += 1;
    this.counts[bucket] = (this.counts[bucket] as number) + 1;
    this.sum += value;
  }
}

/**
 * A histogram for what is observed at every call: the client library's own looks its labels up each time, which
 * costs more than all the rest that is done for a quick call. Here they are looked up once.
 */
export class TalliedHistogram<Label extends string> extends Histogram<Label> {
  readonly #configuration: HistogramConfiguration<Label> & { readonly buckets: number[] };
  readonly #tallies = new Map<string, { readonly labels: LabelValues<Label>; readonly tally: Tally }>();

  constructor(configuration: HistogramConfiguration<Label> & { readonly buckets: number[] }) {
    super(configuration);
    this.#configuration = configuration;
  }

  /** A set of labels, which is shown from now on. Where it is there already, it goes on. */
  tally(labels: LabelValues<Label>): Tally {
    const name = JSON.stringify(labels);
    const known = this.#tallies.get(name);
    if (known !== undefined) return known.tally;
    const tally = new Tally(this.#configuration.buckets);
    this.#tallies.set(name, { labels, tally });
    return tally;
  }

  /** Show a set of labels no more. */
  forget(labels: LabelValues<Label>): void {
    this.#tallies.delete(JSON.stringify(labels));
  }

  override async get(): ReturnType<Histogram<Label>["get"]> {
    const { name, help } = this.#configuration;
    const values = [...this.#tallies.values()].flatMap(({ labels, tally }) => this.#valuesOf(labels, tally));
    return { name, help, type: "histogram", aggregator: "sum", collect: () => {}, values };
  }

  /** What the registry asks for where it writes text. */
  async getForPromString(): ReturnType<Histogram<Label>["get"]> {
    return await this.get();
  }

  #valuesOf(labels: LabelValues<Label>, { counts, sum }: Tally): MetricValueWithName<Label>[] {
    const { name, buckets } = this.#configuration;
    let cumulated = 0;
    const value = (suffix: string, amount: number, more = {}): MetricValueWithName<Label> => ({
      metricName: `${name}${suffix}`,
      labels: { ...more, ...labels },
      value: amount,
    });
    const bucketValues = [...buckets, "+Inf"].map((le, place) => {
      cumulated += counts[place] as number;
      return value("_bucket", cumulated, { le });
    });
    return [...bucketValues, value("_sum", sum), value("_count", cumulated)];
  }
}
