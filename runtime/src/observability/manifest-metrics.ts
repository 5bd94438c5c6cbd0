import { Gauge, type LabelValues, type Registry } from "prom-client";
import type { FunctionDefinition } from "../configuration/manifest.ts";

const OF_FUNCTION = ["function"] as const;
const OF_THRESHOLD = ["function", "field", "severity", "direction"] as const;

type Sample<Label extends string> = readonly [labels: LabelValues<Label>, value: number];

/**
 * Show what functions' manifests say, for dashboards and alerts to compare with: at each scrape anew, so that nothing
 * stays of a function that is gone, or of what a manifest said before.
 *
 * @param observe the manifests of the functions that there are now.
 */
export function registerManifestMetrics(
  registry: Registry,
  observe: () => Iterable<FunctionDefinition>,
): void {
  const gauge = <Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    samples: (definition: FunctionDefinition) => readonly Sample<Label>[],
  ): void => {
    const made: Gauge<Label> = new Gauge<Label>({
      name,
      help,
      labelNames: [...labelNames],
      registers: [registry],
      collect: () => {
        made.reset();
        for (const definition of observe()) {
          for (const [labels, value] of samples(definition)) made.set(labels, value);
        }
      },
    });
  };
  const each = (name: string, help: string, read: (definition: FunctionDefinition) => number | null): void =>
    gauge(name, help, OF_FUNCTION, (definition) => {
      const value = read(definition);
      return value === null ? [] : [[{ function: definition.name }, value]];
    });
  gauge(
    "gaugelet_function_info",
    "Owner and language of a function; always 1.",
    ["function", "owner", "language"] as const,
    ({ name, owner, language }) => [[{ function: name, owner, language }, 1]],
  );
  each(
    "gaugelet_function_success_objective_ratio",
    "Share of its calls that are to succeed.",
    ({ objective }) => objective,
  );
  each("gaugelet_function_timeout_seconds", "Longest time of one call.", ({ limits }) => limits.timeout);
  each(
    "gaugelet_worker_memory_limit_bytes",
    "Memory that one worker may have, where it is limited.",
    ({ limits }) => limits.memory,
  );
  each("gaugelet_workers_minimum", "Fewest workers of a function.", ({ workers }) => workers.min);
  each("gaugelet_workers_maximum", "Most workers of a function.", ({ workers }) => workers.max);
  gauge(
    "gaugelet_function_threshold",
    "Thresholds from the function's manifest, which alerts compare its output with.",
    OF_THRESHOLD,
    (definition) => thresholdSamples(definition, ({ above, below }) => above ?? below ?? 0),
  );
  gauge(
    "gaugelet_function_threshold_for_seconds",
    "How long the output has to be beyond the threshold before the alert fires.",
    OF_THRESHOLD,
    (definition) => thresholdSamples(definition, ({ for: seconds }) => seconds),
  );
}

function thresholdSamples(
  { name, thresholds }: FunctionDefinition,
  read: (threshold: FunctionDefinition["thresholds"][number]) => number,
): Sample<(typeof OF_THRESHOLD)[number]>[] {
  return thresholds.map((threshold) => {
    const { field, severity, above } = threshold;
    const direction = above === undefined ? "below" : "above";
    return [{ function: name, field, severity, direction }, read(threshold)];
  });
}
