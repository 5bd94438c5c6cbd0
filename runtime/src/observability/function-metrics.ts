import type { RunUsage } from "../runs/run-record.ts";
import type { UsageTally } from "../usage/usage-tally.ts";
import type { CallResult } from "../workers/call-result.ts";
import { LIMITS, type LimitName } from "../workers/protocol.ts";
import type { StartMethod } from "../workers/transport.ts";
import { RESTART_CAUSES, type RuntimeMetrics, SCALING_DIRECTIONS } from "./metrics.ts";
import type { Tally } from "./tallied-histogram.ts";

/** How a call ended. */
export const OUTCOMES = ["ok", "error", "timeout", "killed", "rejected"] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** What is measured of a worker. */
interface MeasuredWorker {
  readonly startMethod: StartMethod;
  readonly startSeconds: number;
  memoryBytes: number;
}

/** The metrics of one function. What is counted at every call are plain numbers, read at each scrape. */
export class FunctionMetrics {
  /** Calls so far. */
  readonly outcomes: Record<Outcome, number> = { ok: 0, error: 0, timeout: 0, killed: 0, rejected: 0 };
  /** Processor time of all calls so far. */
  cpuSeconds = 0;
  readonly #name: string;
  readonly #metrics: RuntimeMetrics;
  readonly #duration: Tally;
  readonly #queueTime: Tally;
  /** Names of the workers that are there: small numbers, given again when a worker is gone. */
  readonly #workerNames = new Map<MeasuredWorker, string>();
  readonly #topics: Set<string>;
  readonly #usage: UsageTally;

  /** @param usage counts what its calls use. */
  constructor(name: string, metrics: RuntimeMetrics, usage: UsageTally) {
    this.#name = name;
    this.#usage = usage;
    this.#metrics = metrics;
    this.#duration = metrics.duration.tally({ function: name });
    this.#queueTime = metrics.queueTime.tally({ function: name });
    this.#topics = metrics.topicsOf(name);
    // From 0 on, so that a first error is an increase and not a new series.
    for (const cause of RESTART_CAUSES) metrics.workerRestarts.inc({ function: name, cause }, 0);
    metrics.deadLetters.inc({ topic: "", function: name }, 0);
    for (const limit of LIMITS) metrics.limitHits.inc({ function: name, limit }, 0);
    for (const direction of SCALING_DIRECTIONS) metrics.scalings.inc({ function: name, direction }, 0);
  }

  /** An event was sent to a worker so many seconds after it had come. */
  sent(queueSeconds: number): void {
    this.#queueTime.observe(queueSeconds);
  }

  answered(worker: MeasuredWorker, result: CallResult): void {
    const { seconds, cpuSeconds, memoryBytes } = result;
    this.#duration.observe(seconds);
    this.cpuSeconds += cpuSeconds;
    worker.memoryBytes = memoryBytes;
  }

  /** A call is over, and this is what is billed of it. */
  used(used: RunUsage): void {
    this.#usage.count(used);
  }

  over(outcome: Outcome): void {
    this.outcomes[outcome] += 1;
  }

  /** Topics are bound to it. From 0 on, so that a first failure is an increase and not a new series. */
  bound(topics: readonly string[]): void {
    for (const topic of topics) {
      this.#topics.add(topic);
      this.#metrics.topics.retries.inc({ topic, function: this.#name }, 0);
      this.#metrics.deadLetters.inc({ topic, function: this.#name }, 0);
    }
  }

  /** An event of a topic failed and is tried again. */
  retried(topic: string): void {
    this.#topics.add(topic);
    this.#metrics.topics.retries.inc({ topic, function: this.#name });
  }

  /** Outputs were published. */
  published(topic: string, events: number): void {
    this.#topics.add(topic);
    this.#metrics.topics.published.inc({ topic, function: this.#name }, events);
  }

  /** Events failed for good. */
  deadLettered(letters: readonly { readonly topic: string }[]): void {
    for (const { topic } of letters) {
      this.#topics.add(topic);
      this.#metrics.deadLetters.inc({ topic, function: this.#name });
    }
  }

  limitReached(limit: LimitName): void {
    this.#metrics.limitHits.inc({ function: this.#name, limit });
  }

  started(worker: MeasuredWorker): void {
    this.#metrics.workerStart.observe({ function: this.#name, how: worker.startMethod }, worker.startSeconds);
    const taken = new Set(this.#workerNames.values());
    let number = 0;
    while (taken.has(String(number))) number += 1;
    this.#workerNames.set(worker, String(number));
  }

  /** A worker is gone, whoever wanted it. */
  gone(worker: MeasuredWorker): void {
    this.#workerNames.delete(worker);
  }

  restarted(cause: (typeof RESTART_CAUSES)[number]): void {
    this.#metrics.workerRestarts.inc({ function: this.#name, cause });
  }

  scaled(direction: (typeof SCALING_DIRECTIONS)[number]): void {
    this.#metrics.scalings.inc({ function: this.#name, direction });
  }

  /** What is true of each worker now. */
  *workers(): Iterable<{ readonly worker: string; readonly memoryBytes: number }> {
    for (const [worker, name] of this.#workerNames) {
      if (worker.memoryBytes > 0) yield { worker: name, memoryBytes: worker.memoryBytes };
    }
  }
}
