import { registerProcessMetrics } from "@gaugelet/shared/process-metrics";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { FunctionDefinition } from "../configuration/manifest.ts";
import type { UsageMeter } from "../usage/usage-meter.ts";
import { LIMITS } from "../workers/protocol.ts";
import { START_METHODS } from "../workers/transport.ts";
import { type ObservedMachine, registerMachineMetrics } from "./machine-metrics.ts";
import { registerManifestMetrics } from "./manifest-metrics.ts";
import { TalliedHistogram } from "./tallied-histogram.ts";
import { type ObservedTopics, TopicMetrics } from "./topic-metrics.ts";
import { UsageMetrics } from "./usage-metrics.ts";

/**
 * Seconds. An alert compares a quantile with half of the timeout: that is between two of them as good as guessed, and
 * never more than the last one. So half of the usual timeouts is here.
 */
const CALL_BUCKETS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60, 150, 300, 900,
  1800, 3600,
];
const START_BUCKETS = [0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Why a worker ended that nobody asked to end: a limit, or something else. */
export const RESTART_CAUSES = ["exit", ...LIMITS] as const;
/** Whether there are to be more workers, or fewer. */
export const SCALING_DIRECTIONS = ["up", "down"] as const;

/** What is read of a function at each scrape. */
export interface ObservedFunction {
  readonly name: string;
  /** Of the code that serves or served last; "" before the first. */
  readonly version: string;
  /** Events that wait for a worker. */
  readonly queued: number;
  /** Calls so far, by how they ended. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Processor time of all calls so far. */
  readonly cpuSeconds: number;
  /** Number of workers by state. */
  readonly workers: ReadonlyMap<string, number>;
  /** Share of their time that the workers had calls lately, from 0 to 1. */
  readonly utilization: number;
  readonly memory: Iterable<{ readonly worker: string; readonly memoryBytes: number }>;
  /** Undefined where no topics are bound to it here. */
  readonly topics: ObservedTopics | undefined;
}

/** The runtime's own metrics. */
export class RuntimeMetrics {
  readonly registry = new Registry();

  readonly duration = new TalliedHistogram({
    name: "gaugelet_function_duration_seconds",
    help: "Time in the handler, without queueing and storing.",
    labelNames: ["function"] as const,
    buckets: CALL_BUCKETS,
    registers: [this.registry],
  });

  readonly queueTime = new TalliedHistogram({
    name: "gaugelet_function_queue_seconds",
    help: "Time from an event reaching the runtime to its being sent to a worker.",
    labelNames: ["function"] as const,
    buckets: CALL_BUCKETS,
    registers: [this.registry],
  });

  readonly limitHits = new Counter({
    name: "gaugelet_function_limit_hits_total",
    help: "Calls that came up against a limit of the manifest.",
    labelNames: ["function", "limit"] as const,
    registers: [this.registry],
  });

  readonly deadLetters = new Counter({
    name: "gaugelet_dead_letter_events_total",
    help: "Events that failed for good and were put aside.",
    labelNames: ["topic", "function"] as const,
    registers: [this.registry],
  });

  readonly workerStart = new Histogram({
    name: "gaugelet_worker_start_seconds",
    help: "Time from asking for a worker's process to its function being loaded, by how the process came to be.",
    labelNames: ["function", "how"] as const,
    buckets: START_BUCKETS,
    registers: [this.registry],
  });

  readonly workerRestarts = new Counter({
    name: "gaugelet_worker_restarts_total",
    help: "Workers that ended by themselves or at a limit and were replaced, by cause.",
    labelNames: ["function", "cause"] as const,
    registers: [this.registry],
  });

  readonly scalings = new Counter({
    name: "gaugelet_worker_scalings_total",
    help: "Decisions to have more or fewer workers.",
    labelNames: ["function", "direction"] as const,
    registers: [this.registry],
  });

  readonly runsBacklog = new Gauge({
    name: "gaugelet_runs_backlog_entries",
    help: "Entries of the stream gaugelet:runs that wait for the database.",
    registers: [this.registry],
  });

  readonly topics: TopicMetrics;
  readonly usage: UsageMetrics;
  readonly #meter: UsageMeter | undefined;
  /** By function: topics that counters of it were shown with. */
  readonly #topicsOf = new Map<string, Set<string>>();

  /**
   * @param observe what is true of each function now, read at each scrape.
   * @param manifests what the manifests of functions say now, read at each scrape.
   * @param meter what calls used.
   */
  constructor(
    observe: () => Iterable<ObservedFunction>,
    manifests: () => Iterable<FunctionDefinition> = () => [],
    meter?: UsageMeter,
    machines: () => Iterable<ObservedMachine> = () => [],
  ) {
    this.#meter = meter;
    registerMachineMetrics([this.registry], machines);
    registerProcessMetrics(this.registry);
    registerManifestMetrics(this.registry, manifests);
    this.usage = new UsageMetrics(this.registry, meter);
    this.topics = new TopicMetrics(this.registry, function* () {
      for (const { name, topics } of observe()) if (topics !== undefined) yield { function: name, topics };
    });
    const registers = [this.registry];
    const invocations: Counter<"function" | "outcome"> = new Counter({
      name: "gaugelet_function_invocations_total",
      help: "Calls of a function by how they ended.",
      labelNames: ["function", "outcome"] as const,
      registers,
      collect: () => {
        invocations.reset();
        for (const { name, outcomes } of observe()) {
          for (const [outcome, count] of Object.entries(outcomes)) {
            invocations.inc({ function: name, outcome }, count);
          }
        }
      },
    });
    const cpuSeconds: Counter<"function"> = new Counter({
      name: "gaugelet_function_cpu_seconds_total",
      help: "Processor time that a function's calls used.",
      labelNames: ["function"] as const,
      registers,
      collect: () => {
        cpuSeconds.reset();
        for (const each of observe()) cpuSeconds.inc({ function: each.name }, each.cpuSeconds);
      },
    });
    const queued: Gauge<"function"> = new Gauge({
      name: "gaugelet_function_queue_events",
      help: "Events that wait for a worker.",
      labelNames: ["function"] as const,
      registers,
      collect: () => {
        queued.reset();
        for (const each of observe()) queued.set({ function: each.name }, each.queued);
      },
    });
    const version: Gauge<"function" | "version"> = new Gauge({
      name: "gaugelet_function_version_info",
      help: "Version of a function's code that serves; always 1.",
      labelNames: ["function", "version"] as const,
      registers,
      collect: () => {
        version.reset();
        for (const each of observe()) {
          if (each.version !== "") version.set({ function: each.name, version: each.version }, 1);
        }
      },
    });
    const workers: Gauge<"function" | "state"> = new Gauge({
      name: "gaugelet_workers",
      help: "Workers of a function by state.",
      labelNames: ["function", "state"] as const,
      registers,
      collect: () => {
        workers.reset();
        for (const { name, workers: states } of observe()) {
          for (const [state, count] of states) workers.set({ function: name, state }, count);
        }
      },
    });
    const utilization: Gauge<"function"> = new Gauge({
      name: "gaugelet_worker_utilization_ratio",
      help: "Share of their time that a function's workers had calls, over the last sample.",
      labelNames: ["function"] as const,
      registers,
      collect: () => {
        utilization.reset();
        for (const each of observe()) utilization.set({ function: each.name }, each.utilization);
      },
    });
    const memory: Gauge<"function" | "worker"> = new Gauge({
      name: "gaugelet_worker_memory_bytes",
      help: "Highest resident memory of a function's worker so far.",
      labelNames: ["function", "worker"] as const,
      registers,
      collect: () => {
        memory.reset();
        for (const { name, memory: values } of observe()) {
          for (const { worker, memoryBytes } of values) memory.set({ function: name, worker }, memoryBytes);
        }
      },
    });
  }

  /** Topics that counters of a function were shown with; whoever shows one more adds it. */
  topicsOf(name: string): Set<string> {
    const topics = this.#topicsOf.get(name) ?? new Set();
    this.#topicsOf.set(name, topics);
    return topics;
  }

  /** Show nothing of a function any more, which is gone: where names come and go, series must not pile up. */
  forget(name: string): void {
    const labels = { function: name };
    this.duration.forget(labels);
    this.queueTime.forget(labels);
    for (const limit of LIMITS) this.limitHits.remove({ ...labels, limit });
    for (const cause of RESTART_CAUSES) this.workerRestarts.remove({ ...labels, cause });
    for (const direction of SCALING_DIRECTIONS) this.scalings.remove({ ...labels, direction });
    for (const how of START_METHODS) this.workerStart.remove({ ...labels, how });
    for (const topic of ["", ...this.topicsOf(name)]) {
      this.deadLetters.remove({ ...labels, topic });
      this.topics.published.remove({ ...labels, topic });
      this.topics.retries.remove({ ...labels, topic });
    }
    this.#topicsOf.delete(name);
    this.#meter?.forget(name);
  }
}
