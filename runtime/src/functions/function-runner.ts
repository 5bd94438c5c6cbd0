import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { type FunctionDefinition, outputKeyOf } from "../configuration/manifest.ts";
import { Delivery } from "../dispatcher/delivery.ts";
import { Dispatcher } from "../dispatcher/dispatcher.ts";
import { type FunctionEvent, NO_CONTEXT } from "../dispatcher/event.ts";
import type { FunctionMetrics, Outcome } from "../observability/function-metrics.ts";
import type { ObservedFunction } from "../observability/metrics.ts";
import type { RedisStore } from "../sinks/redis-store.ts";
import type { CallAnswer, Callable, CallRequest } from "../triggers/http/callable.ts";
import type { Trigger } from "../triggers/trigger.ts";
import { type PoolState, type PoolUser, WorkerPool } from "../workers/pool.ts";
import type { LimitName } from "../workers/protocol.ts";
import type { Transport } from "../workers/transport.ts";
import type { WorkerOptions } from "../workers/worker.ts";
import type { StarterOptions } from "../workers/worker-starter.ts";
import { KeptAnswers } from "./kept-answers.ts";

/** How long calls under way, and the storing of their outputs, may take when the runtime stops. */
const FINISH_MILLISECONDS = 4_000;
/** More callers than these are asked to come again. */
const MAX_WAITING = 10_000;

/** What a {@link FunctionRunner} is made of. */
export interface FunctionRunnerParts {
  readonly definition: FunctionDefinition;
  readonly triggers: readonly Trigger[];
  readonly prepare: StarterOptions["prepare"];
  readonly worker: WorkerOptions;
  readonly store: RedisStore;
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

/** Runs one function: triggers and calls → dispatcher → workers → store. */
export class FunctionRunner implements Callable {
  readonly #parts: FunctionRunnerParts;
  readonly #dispatcher: Dispatcher;
  readonly #kept: KeptAnswers;
  #lastCall: Omit<LastCall, "at"> | undefined;
  #lastCallAt = 0;
  #calls = 0;
  #isStopping = false;

  constructor(parts: FunctionRunnerParts) {
    this.#parts = parts;
    const { definition, store, metrics, log } = parts;
    const note = this.#note.bind(this);
    this.#dispatcher = new Dispatcher({ definition, store, metrics, log, note }, (user) =>
      this.#makePool(user),
    );
    this.#kept = new KeptAnswers((shard, key) =>
      store.answer(outputKeyOf(definition, shard), key, this.#dispatcher.patience),
    );
  }

  get definition(): FunctionDefinition {
    return this.#parts.definition;
  }

  get workerState(): PoolState {
    return this.#dispatcher.pool.state;
  }

  /** How many workers are there, and how many there are to be. */
  get workerCounts(): { readonly ready: number; readonly target: number } {
    const { serving, target } = this.#dispatcher.pool;
    return { ready: serving.length, target };
  }

  /** Calls that are over, since the start. */
  get calls(): number {
    return this.#calls;
  }

  /** What of the isolation its workers have; undefined while there is none. */
  get level(): Transport["level"] | undefined {
    return this.#dispatcher.pool.serving[0]?.level;
  }

  get lastCall(): LastCall | undefined {
    return this.#lastCall && { at: new Date(this.#lastCallAt), ...this.#lastCall };
  }

  /** What metrics show of it now. */
  get observed(): ObservedFunction {
    const { pool } = this.#dispatcher;
    const ready = pool.serving.length;
    const missing = Math.max(0, pool.target - ready);
    const state = pool.state.kind === "ready" ? "starting" : pool.state.kind;
    const workers = new Map([["ready", ready]]);
    if (missing > 0) workers.set(state, missing);
    const { metrics, definition } = this.#parts;
    return {
      name: definition.name,
      version: pool.version,
      queued: this.#dispatcher.waiting,
      outcomes: metrics.outcomes,
      cpuSeconds: metrics.cpuSeconds,
      workers,
      utilization: pool.utilization,
      memory: metrics.workers(),
    };
  }

  /** The code may have changed. */
  reload(): void {
    this.#dispatcher.pool.reload();
  }

  start(): void {
    this.#dispatcher.pool.start();
    for (const trigger of this.#parts.triggers) {
      trigger.start((event) => this.#dispatcher.accept(new Delivery(event)));
    }
  }

  call({ body, shard, idempotencyKey }: CallRequest, answer: (answer: CallAnswer) => void): void {
    const refusal = this.#refusal();
    if (refusal !== undefined) {
      answer({ ...refusal, details: "" });
      return;
    }
    const event: FunctionEvent = {
      source: "http",
      shard,
      body,
      position: null,
      context: NO_CONTEXT,
      isSuperseded: false,
      receivedAt: performance.now(),
    };
    if (idempotencyKey === undefined) this.#dispatcher.accept(new Delivery(event, answer));
    else {
      this.#kept.once(shard, idempotencyKey, answer, (hear) =>
        this.#dispatcher.accept(new Delivery(event, hear, idempotencyKey)),
      );
    }
  }

  /**
   * Stop: no new events; the calls under way are finished and stored where that takes less than 4 s, and their
   * workers are ended where it takes longer.
   */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const trigger of this.#parts.triggers) trigger.stop();
    this.#dispatcher.close();
    const timeUp = new AbortController();
    const pause = sleep(FINISH_MILLISECONDS, undefined, { signal: timeUp.signal }).catch(() => {});
    await Promise.race([this.#dispatcher.drained(), pause]);
    timeUp.abort();
    this.#dispatcher.giveUp();
    await this.#dispatcher.pool.stop();
  }

  /** Settles when nothing is under way any more; after {@link stop}, and once Redis is disconnected. */
  get finished(): Promise<void> {
    return this.#dispatcher.stored();
  }

  /** Why no call is taken now. */
  #refusal(): { readonly outcome: "unavailable" | "busy"; readonly message: string } | undefined {
    if (this.#isStopping) return { outcome: "unavailable", message: "the runtime stops" };
    const { state } = this.#dispatcher.pool;
    if (state.kind === "failing") {
      return { outcome: "unavailable", message: `the function cannot be loaded: ${state.reason}` };
    }
    if (this.#dispatcher.waiting < MAX_WAITING) return undefined;
    return { outcome: "busy", message: `${MAX_WAITING} calls wait already` };
  }

  #makePool(user: PoolUser<Delivery>): WorkerPool<Delivery> {
    const { definition, prepare, worker, metrics, log } = this.#parts;
    return new WorkerPool<Delivery>(
      {
        prepare,
        worker,
        policy: definition.workers,
        keepsEnv: definition.state !== "none",
        log,
        onStarted: (started) => {
          metrics.started(started);
          const { pid, runtime, startMethod, level } = started;
          const { version } = started.package;
          const took = `${(started.startSeconds * 1000).toFixed(1)} ms`;
          log.info({ version, pid, startMethod, level }, `function loaded in ${took} on ${runtime}`);
        },
        onGone: (gone) => metrics.gone(gone),
        onEnded: ({ limit }) => metrics.restarted(limit ?? "exit"),
        onScaled: (direction) => metrics.scaled(direction),
      },
      user,
    );
  }

  #note(outcome: Outcome, message: string, details: string, limit: LimitName | undefined): void {
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
}

const OK = { outcome: "ok", message: "", details: "", limit: undefined } as const;
