import type { Logger } from "pino";
import type { Delivery } from "../dispatcher/delivery.ts";
import type { Dispatcher } from "../dispatcher/dispatcher.ts";
import type { FunctionMetrics, Outcome } from "../observability/function-metrics.ts";
import type { ObservedFunction } from "../observability/metrics.ts";
import type { FunctionPackage } from "../packages/package.ts";
import type { TopicTriggers } from "../triggers/topic/topic-triggers.ts";
import type { WorkerPool } from "../workers/pool.ts";
import type { PoolState } from "../workers/pool-state.ts";
import type { LimitName } from "../workers/protocol.ts";
import type { Transport } from "../workers/transport.ts";
import { viewOf, type WorkerView } from "./worker-view.ts";

/** What a {@link FunctionStatus} looks at. */
export interface FunctionStatusParts {
  readonly name: string;
  readonly dispatcher: Dispatcher;
  /** Undefined where the runtime has no topics. */
  readonly topicTriggers: TopicTriggers | undefined;
  readonly metrics: FunctionMetrics;
  readonly log: Logger;
}

/** The last call of a function, for people to look at. */
export interface LastCall {
  readonly at: Date;
  readonly outcome: Outcome;
  readonly message: string;
  readonly details: string;
  /** The limit of the manifest that it came up against. */
  readonly limit: LimitName | undefined;
}

/** How a function fares as it runs: its workers, what waits for them, and how its calls end. */
export class FunctionStatus {
  readonly #parts: FunctionStatusParts;
  #lastCall: Omit<LastCall, "at"> | undefined;
  #lastCallAt = 0;
  #calls = 0;

  constructor(parts: FunctionStatusParts) {
    this.#parts = parts;
  }

  get workerState(): PoolState {
    return this.#pool.state;
  }

  /** Why the code that is there is not loaded; undefined where it is, or was not tried. */
  get loadProblem(): string | undefined {
    return this.#pool.loading.result?.problem?.reason;
  }

  /** How many workers are there, and how many there are to be. */
  get workerCounts(): { readonly ready: number; readonly target: number } {
    const { serving, target } = this.#pool;
    return { ready: serving.length, target };
  }

  /** Share of their time that the workers had calls lately, from 0 to 1. */
  get utilization(): number {
    return this.#pool.utilization;
  }

  /** Events that wait for a worker. */
  get waiting(): number {
    return this.#parts.dispatcher.waiting;
  }

  /** Version of the code that serves or served last; "" before the first. */
  get version(): string {
    return this.#pool.version;
  }

  /** Each worker as it is now. */
  get workers(): WorkerView[] {
    const pool = this.#pool;
    return [...pool.workers].map((worker) => viewOf(worker, pool.isServing(worker)));
  }

  /** The code that each worker has loaded. */
  get packages(): FunctionPackage[] {
    return [...this.#pool.workers].map((worker) => worker.package);
  }

  /** Calls that are over, since the start. */
  get calls(): number {
    return this.#calls;
  }

  /** Whether there is no worker, and nothing for one to do. */
  get isAtRest(): boolean {
    const { target, workers } = this.#pool;
    return this.waiting === 0 && target === 0 && workers.size === 0;
  }

  /** What of the isolation its workers have; undefined while there is none. */
  get level(): Transport["level"] | undefined {
    return this.#pool.serving[0]?.level;
  }

  get lastCall(): LastCall | undefined {
    return this.#lastCall && { at: new Date(this.#lastCallAt), ...this.#lastCall };
  }

  /** What metrics show of it now. */
  get observed(): ObservedFunction {
    const { name, metrics, topicTriggers } = this.#parts;
    const { state, version, utilization } = this.#pool;
    const { ready, target } = this.workerCounts;
    const missing = Math.max(0, target - ready);
    const workers = new Map([["ready", ready]]);
    if (missing > 0) workers.set(state.kind === "ready" ? "starting" : state.kind, missing);
    return {
      name,
      version,
      queued: this.waiting,
      outcomes: metrics.outcomes,
      cpuSeconds: metrics.cpuSeconds,
      workers,
      utilization,
      memory: metrics.workers(),
      topics: topicTriggers?.observed,
    };
  }

  /** A call is over. */
  note(outcome: Outcome, message: string, details: string, limit: LimitName | undefined): void {
    const { metrics, log } = this.#parts;
    metrics.over(outcome);
    this.#calls += 1;
    if (limit !== undefined) metrics.limitReached(limit);
    this.#lastCallAt = Date.now();
    if (outcome === "ok") {
      this.#lastCall = OK;
      return;
    }
    this.#lastCall = { outcome, message, details, limit };
    log.error({ outcome, ...(limit && { limit }), ...(details === "" ? {} : { details }) }, message);
  }

  get #pool(): WorkerPool<Delivery> {
    return this.#parts.dispatcher.pool;
  }
}

const OK = { outcome: "ok", message: "", details: "", limit: undefined } as const;
