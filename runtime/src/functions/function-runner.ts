import type { Logger } from "pino";
import { weightOf } from "../configuration/classes.ts";
import type { FunctionDefinition } from "../configuration/manifest.ts";
import type { TopicTriggerSpec, TriggerSpec } from "../configuration/triggers.ts";
import { Delivery } from "../dispatcher/delivery.ts";
import { Dispatcher } from "../dispatcher/dispatcher.ts";
import type { Turns } from "../dispatcher/turns.ts";
import type { Leases } from "../leases/leases.ts";
import type { FunctionMetrics } from "../observability/function-metrics.ts";
import { FunctionRuns, type RunParts } from "../runs/function-runs.ts";
import type { Publication } from "../sinks/handled.ts";
import type { RedisStore } from "../sinks/redis-store.ts";
import type { Publisher } from "../topics/publisher.ts";
import type { Topics } from "../topics/topics.ts";
import type { CallAnswer, Callable, CallRequest } from "../triggers/http/callable.ts";
import { TopicTriggers } from "../triggers/topic/topic-triggers.ts";
import type { Trigger } from "../triggers/trigger.ts";
import type { OwnerLimits } from "../usage/owner-limits.ts";
import { within } from "../within.ts";
import { type PoolUser, WorkerPool } from "../workers/pool.ts";
import type { ScalingLog } from "../workers/scaling-log.ts";
import type { WorkerOptions } from "../workers/worker.ts";
import type { StarterOptions } from "../workers/worker-starter.ts";
import { BoundTriggers } from "./bound-triggers.ts";
import { FunctionCalls } from "./function-calls.ts";
import { FunctionOwner } from "./function-owner.ts";
import { FunctionStatus } from "./function-status.ts";
import type { LoadOutcome } from "./load-outcome.ts";
import { makeNice, nicenessOf } from "./niceness.ts";

/** How long calls under way, and the storing of their outputs, may take when the runtime stops. */
const FINISH_MILLISECONDS = 4_000;

/** What a {@link FunctionRunner} is made of. */
export interface FunctionRunnerParts {
  readonly definition: FunctionDefinition;
  /** Makes a trigger that pushes its events; undefined where a specification is of another kind. */
  readonly makeTrigger: (spec: TriggerSpec) => Trigger | undefined;
  readonly leases: Leases;
  readonly turns: Turns;
  /** Undefined where this runtime has no topics: no function asks for any. */
  readonly topics: { readonly engine: Topics; readonly publisher: Publisher } | undefined;
  readonly prepare: StarterOptions["prepare"];
  readonly worker: WorkerOptions;
  readonly store: RedisStore;
  readonly metrics: FunctionMetrics;
  readonly scalings: ScalingLog;
  readonly limits: OwnerLimits;
  /** Undefined where no runs are recorded. */
  readonly runs: RunParts | undefined;
  readonly log: Logger;
}

/**
 * Runs one function: triggers and calls → dispatcher → workers → store.
 *
 * What one runtime alone may handle starts and stops with who owns the function. A standby has its workers loaded.
 */
export class FunctionRunner implements Callable {
  readonly #parts: FunctionRunnerParts;
  #definition: FunctionDefinition;
  readonly #owner: FunctionOwner;
  readonly #triggers: BoundTriggers;
  readonly #topicTriggers: TopicTriggers | undefined;
  readonly #dispatcher: Dispatcher;
  readonly #calls: FunctionCalls;
  readonly #runs: FunctionRuns | undefined;
  /** How it fares, for whoever looks at it. */
  readonly status: FunctionStatus;
  #niceness = 0;

  constructor(parts: FunctionRunnerParts) {
    this.#parts = parts;
    const { definition, leases, store, metrics, log, topics, turns } = parts;
    this.#definition = definition;
    this.#owner = new FunctionOwner({
      definition,
      sharesPartitions: topics?.engine.sharesPartitions ?? false,
      leases,
      log,
      onOwned: () => this.#own(),
      onStandby: () => this.#standBy(),
    });
    this.#runs = parts.runs && new FunctionRuns(definition, parts.runs, (used) => parts.metrics.used(used));
    this.#dispatcher = new Dispatcher(
      {
        definition,
        store,
        metrics,
        log,
        note: (outcome, message, details, limit) => this.status.note(outcome, message, details, limit),
        turns,
        runs: this.#runs,
        fence: () => this.#owner.fence,
        onRefused: () => this.#owner.check(),
        onVoid: (positions) => this.#triggers.again(positions),
        publish: (publications, signal) => this.#publish(publications, signal),
      },
      (user) => this.#makePool(user),
    );
    for (const topic of definition.outputTopics) metrics.published(topic, 0);
    if (!this.#owner.isKnown) this.#dispatcher.hold();
    this.#triggers = new BoundTriggers(parts.makeTrigger, (event) =>
      this.#dispatcher.accept(new Delivery(event)),
    );
    this.#topicTriggers =
      topics &&
      new TopicTriggers({
        definition,
        topics: topics.engine,
        store,
        dispatcher: this.#dispatcher,
        log,
      });
    this.status = new FunctionStatus({
      name: definition.name,
      dispatcher: this.#dispatcher,
      topicTriggers: this.#topicTriggers,
      metrics,
      log,
    });
    this.#calls = new FunctionCalls({
      definition,
      dispatcher: this.#dispatcher,
      store,
      owner: this.#owner,
      limits: parts.limits,
    });
  }

  get definition(): FunctionDefinition {
    return this.#definition;
  }

  /** Who handles what one runtime alone may; undefined where that is this one, or nobody needs to. */
  get otherOwner(): string | undefined {
    return this.#owner.other;
  }

  get answeredBy(): string | undefined {
    return this.#calls.answeredBy;
  }

  /** Whether it is known who handles what one runtime alone may. */
  get isOwnerKnown(): boolean {
    return this.#owner.isKnown;
  }

  /** Calls that have come over HTTP, since the start. */
  get arrivals(): number {
    return this.#calls.arrivals;
  }

  /** Workers of functions of a greater weight go first; this is the greatest that there is. */
  favour(greatest: number): void {
    const niceness = nicenessOf(weightOf(this.#definition.class), greatest);
    if (niceness === this.#niceness) return;
    this.#niceness = niceness;
    for (const { pid } of this.#dispatcher.pool.workers) makeNice(pid, niceness);
  }

  /** The code may have changed. */
  reload(): void {
    this.#dispatcher.pool.reload();
  }

  /**
   * Have the code that is there loaded, where no worker has it.
   *
   * @param signal aborted: what is known by then is the answer.
   */
  async load(signal: AbortSignal): Promise<LoadOutcome> {
    const { pool } = this.#dispatcher;
    pool.want();
    const result = await pool.loading.settled(signal);
    const { source } = this.#definition;
    return {
      state: result === undefined ? "loading" : result.problem === undefined ? "loaded" : "failed",
      reason: result?.problem?.reason ?? null,
      traceback: result?.problem?.details || null,
      version: source.kind === "stored" ? source.version : null,
    };
  }

  /** Redis came back, perhaps without what it had stored. */
  checkStored(): void {
    // Where it is away again, it comes back again.
    this.#dispatcher.checkStored().catch(() => {});
  }

  /** The owner's budget may be spent, or not any more. */
  checkBudget(): void {
    const refusal = this.#parts.limits.budgets.refusal(this.#definition.owner);
    if (refusal === undefined) this.#dispatcher.resume();
    else this.#dispatcher.pause({ ...refusal, details: "" });
  }

  start(): void {
    this.checkBudget();
    this.#dispatcher.pool.start();
    this.#bind();
    this.#owner.want();
  }

  /**
   * Change the triggers, and where the code is. Triggers that stay are not disturbed.
   *
   * @returns false where that cannot be done while it runs: who owns the function would change.
   */
  update(definition: FunctionDefinition): boolean {
    const { topics } = this.#parts;
    if (topics === undefined && definition.triggers.some((trigger) => "topic" in trigger)) return false;
    if (!this.#owner.update(definition)) return false;
    this.#definition = definition;
    this.#runs?.update(definition);
    this.#bind();
    return true;
  }

  call(request: CallRequest, answer: (answer: CallAnswer) => void): void {
    this.#calls.call(request, answer);
  }

  /**
   * Stop: no new events; the calls under way are finished and stored where that takes less than 4 s, and their
   * workers are ended where it takes longer.
   */
  async stop(): Promise<void> {
    this.#calls.close();
    this.#owner.close();
    this.#triggers.stop();
    this.#dispatcher.close();
    await within(FINISH_MILLISECONDS, this.#dispatcher.drained(), undefined);
    this.#dispatcher.giveUp();
    // What is stored is committed, and the next owner may begin.
    await Promise.all([this.#topicTriggers?.stop(), this.#dispatcher.pool.stop()]);
    await this.#owner.release();
  }

  /** Settles when nothing is under way any more; after {@link stop}, and once Redis is disconnected. */
  get finished(): Promise<void> {
    return this.#dispatcher.stored();
  }

  /** Start what this runtime is to handle now, and stop what it is not. */
  #bind(): void {
    const { triggers } = this.#owner;
    this.#triggers.set(triggers);
    this.#triggers.start();
    const topics = triggers.filter(isOfTopic);
    this.#topicTriggers?.update(topics, this.#owner.awaited.filter(isOfTopic));
    this.#parts.metrics.bound(topics.map(({ topic }) => topic));
  }

  async #publish(publications: readonly Publication[], signal: AbortSignal): Promise<true | undefined> {
    const { topics, metrics } = this.#parts;
    const isDone = await topics?.publisher.publish(publications, signal);
    if (isDone) for (const { topic } of publications) metrics.published(topic, 1);
    return isDone;
  }

  #own(): void {
    this.#dispatcher.release();
    this.#bind();
  }

  #standBy(): void {
    if (this.#owner.isExclusive) {
      this.#dispatcher.hold();
      this.#dispatcher.disown();
    }
    this.#bind();
  }

  #makePool(user: PoolUser<Delivery>): WorkerPool<Delivery> {
    const { definition, prepare, worker, metrics, scalings, log } = this.#parts;
    return new WorkerPool<Delivery>(
      {
        prepare,
        worker,
        policy: definition.workers,
        keepsEnv: definition.state !== "none",
        log,
        onStarted: (started) => {
          metrics.started(started);
          if (this.#niceness > 0) makeNice(started.pid, this.#niceness);
          const { pid, runtime, startMethod, level } = started;
          const { version } = started.package;
          const took = `${(started.startSeconds * 1000).toFixed(1)} ms`;
          // A field named `level` would stand beside that of the line itself.
          log.info(
            { version, pid, startMethod, isolation: level },
            `function loaded in ${took} on ${runtime}`,
          );
        },
        onGone: (gone) => metrics.gone(gone),
        onEnded: ({ limit }) => metrics.restarted(limit ?? "exit"),
        onScaled: (change) => {
          metrics.scaled(change.to > change.from ? "up" : "down");
          scalings.note(definition.name, change);
        },
      },
      user,
    );
  }
}

function isOfTopic(spec: TriggerSpec): spec is TopicTriggerSpec {
  return "topic" in spec;
}
