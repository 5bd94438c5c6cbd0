import { Gauge, type Registry } from "prom-client";
import type { FunctionDefinition } from "../configuration/manifest.ts";

/** What functions' manifests say, for dashboards and alerts to compare with. */
export class ManifestMetrics {
  readonly #info: Gauge<"function" | "owner" | "language">;
  readonly #objective: Gauge<"function">;
  readonly #timeout: Gauge<"function">;
  readonly #memory: Gauge<"function">;
  readonly #minimum: Gauge<"function">;
  readonly #maximum: Gauge<"function">;
  readonly #threshold: Gauge<"function" | "field" | "severity" | "direction">;
  readonly #thresholdFor: Gauge<"function" | "field" | "severity" | "direction">;

  constructor(registry: Registry) {
    const gauge = <Label extends string>(name: string, help: string, labels: readonly Label[]) =>
      new Gauge<Label>({ name, help, labelNames: [...labels], registers: [registry] });
    const each = ["function"] as const;
    const threshold = ["function", "field", "severity", "direction"] as const;
    this.#info = gauge("gaugelet_function_info", "Owner and language of a function; always 1.", [
      "function",
      "owner",
      "language",
    ] as const);
    this.#objective = gauge(
      "gaugelet_function_success_objective_ratio",
      "Share of its calls that are to succeed.",
      each,
    );
    this.#timeout = gauge("gaugelet_function_timeout_seconds", "Longest time of one call.", each);
    this.#memory = gauge(
      "gaugelet_worker_memory_limit_bytes",
      "Memory that one worker may have, where it is limited.",
      each,
    );
    this.#minimum = gauge("gaugelet_workers_minimum", "Fewest workers of a function.", each);
    this.#maximum = gauge("gaugelet_workers_maximum", "Most workers of a function.", each);
    this.#threshold = gauge(
      "gaugelet_function_threshold",
      "Thresholds from the function's manifest, which alerts compare its output with.",
      threshold,
    );
    this.#thresholdFor = gauge(
      "gaugelet_function_threshold_for_seconds",
      "How long the output has to be beyond the threshold before the alert fires.",
      threshold,
    );
  }

  /** Show what a function's manifest says. */
  register({ name, owner, language, objective, limits, workers, thresholds }: FunctionDefinition): void {
    const labels = { function: name };
    this.#info.set({ ...labels, owner, language }, 1);
    this.#objective.set(labels, objective);
    this.#timeout.set(labels, limits.timeout);
    if (limits.memory !== null) this.#memory.set(labels, limits.memory);
    this.#minimum.set(labels, workers.min);
    this.#maximum.set(labels, workers.max);
    for (const { field, above, below, for: seconds, severity } of thresholds) {
      const direction = above === undefined ? "below" : "above";
      this.#threshold.set({ ...labels, field, severity, direction }, above ?? below ?? 0);
      this.#thresholdFor.set({ ...labels, field, severity, direction }, seconds);
    }
  }
}
