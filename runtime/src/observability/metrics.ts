import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { FunctionDefinition } from "../configuration/manifest.ts";

const CALL_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const START_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** How a call ended. */
export const OUTCOMES = ["ok", "error", "timeout", "killed", "rejected"] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** The runtime's own metrics. */
export class RuntimeMetrics {
  readonly registry = new Registry();

  readonly invocations = new Counter({
    name: "gaugelet_function_invocations_total",
    help: "Calls of a function by how they ended.",
    labelNames: ["function", "outcome"] as const,
    registers: [this.registry],
  });

  readonly duration = new Histogram({
    name: "gaugelet_function_duration_seconds",
    help: "Time in the handler, without queueing and storing.",
    labelNames: ["function"] as const,
    buckets: CALL_BUCKETS,
    registers: [this.registry],
  });

  readonly queueTime = new Histogram({
    name: "gaugelet_function_queue_seconds",
    help: "Time from an event reaching the runtime to its call.",
    labelNames: ["function"] as const,
    buckets: CALL_BUCKETS,
    registers: [this.registry],
  });

  readonly workerStart = new Histogram({
    name: "gaugelet_worker_start_seconds",
    help: "Time from the start of a worker's process to its function being loaded.",
    labelNames: ["function"] as const,
    buckets: START_BUCKETS,
    registers: [this.registry],
  });

  readonly workerRestarts = new Counter({
    name: "gaugelet_worker_restarts_total",
    help: "Workers that ended by themselves and were replaced.",
    labelNames: ["function"] as const,
    registers: [this.registry],
  });

  readonly workerMemory = new Gauge({
    name: "gaugelet_worker_memory_bytes",
    help: "Highest resident memory of a function's worker so far.",
    labelNames: ["function", "worker"] as const,
    registers: [this.registry],
  });

  readonly #threshold = new Gauge({
    name: "gaugelet_function_threshold",
    help: "Thresholds from the function's manifest, which alerts compare its output with.",
    labelNames: ["function", "field", "severity", "direction"] as const,
    registers: [this.registry],
  });

  /** @param countWorkers the number of workers of each function by state, read at each scrape. */
  constructor(countWorkers: () => Iterable<{ readonly function: string; readonly state: string }>) {
    collectDefaultMetrics({ register: this.registry });
    const workers: Gauge<"function" | "state"> = new Gauge({
      name: "gaugelet_workers",
      help: "Workers of a function by state.",
      labelNames: ["function", "state"] as const,
      registers: [this.registry],
      collect: () => {
        workers.reset();
        for (const labels of countWorkers()) workers.inc(labels);
      },
    });
  }

  /** Begin a function's series at 0, so that a first error is an increase from 0 and not a new series. */
  register(definition: FunctionDefinition): void {
    for (const outcome of OUTCOMES) this.invocations.inc({ function: definition.name, outcome }, 0);
    this.workerRestarts.inc({ function: definition.name }, 0);
    for (const { field, above, below, severity } of definition.thresholds) {
      const direction = above === undefined ? "below" : "above";
      this.#threshold.set({ function: definition.name, field, severity, direction }, above ?? below ?? 0);
    }
  }
}
