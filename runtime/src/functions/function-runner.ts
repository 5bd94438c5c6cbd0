import { setTimeout as sleep } from "node:timers/promises";
import type { OutputEntry } from "@gaugelet/shared/outputs";
import type { Logger } from "pino";
import { type FunctionDefinition, SHARD_PLACEHOLDER } from "../configuration/manifest.ts";
import type { FunctionEvent } from "../dispatcher/event.ts";
import { NewestQueue } from "../dispatcher/newest-queue.ts";
import type { Outcome, RuntimeMetrics } from "../observability/metrics.ts";
import type { RedisStore } from "../sinks/redis-store.ts";
import type { Trigger } from "../triggers/trigger.ts";
import { WorkerDiedError, WorkerTimeoutError } from "../workers/errors.ts";
import type { Supervisor } from "../workers/supervisor.ts";
import type { Invocation, Worker } from "../workers/worker.ts";

/** How often an event is tried whose worker died under it: a crash may have had another cause. */
const MAX_ATTEMPTS = 3;
/** How long a call under way may take when the runtime stops. */
const FINISH_MILLISECONDS = 5_000;

/** What a {@link FunctionRunner} is made of. */
export interface FunctionRunnerParts {
  readonly definition: FunctionDefinition;
  readonly triggers: readonly Trigger[];
  readonly supervisor: Supervisor;
  readonly store: RedisStore;
  readonly metrics: RuntimeMetrics;
  readonly log: Logger;
}

/** The last call of a function, for people to look at. */
export interface LastCall {
  readonly at: Date;
  readonly outcome: Outcome;
  readonly message: string;
  readonly details: string;
}

/**
 * Runs one function: triggers → queue → worker → store, one event at a time and in order.
 *
 * An event is finished when its result is stored: while Redis is away the runner holds the result and
 * tries on, and the queue keeps the newest event of each source.
 */
export class FunctionRunner {
  readonly #parts: FunctionRunnerParts;
  readonly #queue = new NewestQueue();
  readonly #stopping = new AbortController();
  readonly #lastStored = new Map<string, number | null>();
  #running: Promise<void> = Promise.resolve();
  #wake: () => void = () => {};
  #lastCall: LastCall | undefined;
  #envProblem: string | null = null;
  #notFinite = "";

  constructor(parts: FunctionRunnerParts) {
    this.#parts = parts;
  }

  get definition(): FunctionDefinition {
    return this.#parts.definition;
  }

  get workerState(): Supervisor["state"] {
    return this.#parts.supervisor.state;
  }

  get lastCall(): LastCall | undefined {
    return this.#lastCall;
  }

  start(): void {
    this.#parts.supervisor.start();
    this.#running = this.#run();
    for (const trigger of this.#parts.triggers) {
      trigger.start((event) => {
        this.#queue.put(event);
        this.#wake();
      });
    }
  }

  /** Hand over to a new version now, if nothing is under way; else it happens before the next call. */
  wake(): void {
    this.#wake();
  }

  /** Stop: no new events, the call under way is finished and stored where that takes less than 5 s. */
  async stop(): Promise<void> {
    for (const trigger of this.#parts.triggers) trigger.stop();
    this.#stopping.abort();
    this.#wake();
    const timeUp = new AbortController();
    const pause = sleep(FINISH_MILLISECONDS, undefined, { signal: timeUp.signal }).catch(() => {});
    await Promise.race([this.#running, pause]);
    timeUp.abort();
    await this.#parts.supervisor.stop();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      // Also hands over to a new version while there is nothing to do.
      const worker = await this.#parts.supervisor.current();
      if (worker === undefined) return;
      const event = this.#queue.take();
      if (event !== undefined) await this.#handleSafely(event);
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
          if (signal.aborted || this.#queue.size > 0) resolve();
        });
      }
    }
  }

  /** A defect of our own costs one event, not the runtime and every other function. */
  async #handleSafely(event: FunctionEvent): Promise<void> {
    try {
      await this.#handle(event);
    } catch (error) {
      this.#note("error", `the runtime failed: ${(error as Error).message}`, (error as Error).stack ?? "");
    }
  }

  /** Call the handler on one event until it has answered, and store the answer. */
  async #handle(event: FunctionEvent): Promise<void> {
    const { supervisor, metrics, log, definition } = this.#parts;
    metrics.queueTime.observe({ function: definition.name }, (performance.now() - event.receivedAt) / 1000);
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
      const worker = await supervisor.current();
      if (worker === undefined) return;
      try {
        if (!(await this.#ensureEnv(worker, event.shard))) return;
        const invocation = await worker.invoke(this.#callOf(event), event.body);
        await this.#finish(event, worker, invocation);
        return;
      } catch (error) {
        if (error instanceof WorkerTimeoutError) {
          this.#note(
            "timeout",
            `the handler ${error.message}; raise limits.timeout or do less in one call`,
            "",
          );
          return;
        }
        if (!(error instanceof WorkerDiedError)) throw error;
        const last = attempt === MAX_ATTEMPTS;
        const next = last ? `given up after ${attempt} attempts` : "it is called again";
        this.#note("killed", `the function's process ${error.message} during a call; ${next}`, "");
        // The supervisor hears of the end by itself, a moment later.
        await worker.ended;
        log.debug({ attempt, position: event.position }, "a call was lost with its process");
      }
    }
  }

  #callOf(event: FunctionEvent) {
    return {
      shard: event.shard,
      inputKey: event.inputKey,
      outputKey: this.#outputKey(event.shard),
      lastExecution: this.#lastStored.get(event.shard) ?? null,
      keepEnv: this.#parts.definition.state !== "none",
    };
  }

  /**
   * Give the shard its stored `env`, where this worker does not hold it yet.
   *
   * @returns false where the runner is stopping and it could not be read any more.
   */
  async #ensureEnv(worker: Worker, shard: string): Promise<boolean> {
    if (worker.shards.has(shard)) return true;
    const { store, log, definition } = this.#parts;
    const stored = await store.read(this.#outputKey(shard), this.#stopping.signal);
    if (stored === undefined) return false;
    this.#lastStored.set(shard, stored.storedAt);
    const problem = await worker.restore(shard, definition.state === "none" ? undefined : stored.env);
    if (problem !== null) log.warn(`${problem}; the function begins with an empty env`);
    return true;
  }

  async #finish(event: FunctionEvent, worker: Worker, { result, output, env }: Invocation): Promise<void> {
    const { metrics, definition, supervisor, store } = this.#parts;
    metrics.duration.observe({ function: definition.name }, result.seconds);
    metrics.workerMemory.set({ function: definition.name, worker: "0" }, result.memoryBytes);
    if (result.outcome !== "ok") {
      this.#note(result.outcome, result.message ?? "", result.details ?? "");
      return;
    }
    supervisor.noteSuccess();
    this.#reportOnce(result.envProblem ?? null, result.notFinite ?? []);
    const entry: OutputEntry = {
      function: definition.name,
      version: worker.package.version,
      storedAt: Date.now(),
      staleAfter: definition.staleAfter,
      ...this.#entryShard(event.shard),
    };
    const { source, position } = event;
    const record = { outputKey: this.#outputKey(event.shard), output, env, source, position, entry };
    if (await store.store(record, this.#stopping.signal)) this.#lastStored.set(event.shard, entry.storedAt);
    this.#note("ok", "", "");
  }

  #note(outcome: Outcome, message: string, details: string): void {
    const { metrics, log, definition } = this.#parts;
    metrics.invocations.inc({ function: definition.name, outcome });
    this.#lastCall = { at: new Date(), outcome, message, details };
    if (outcome !== "ok") log.error({ outcome, ...(details === "" ? {} : { details }) }, message);
  }

  /** Conditions that last are reported when they begin, not at every call. */
  #reportOnce(envProblem: string | null, notFinite: readonly string[]): void {
    const { log } = this.#parts;
    if (envProblem !== null && envProblem !== this.#envProblem) {
      log.warn(`${envProblem}; the function goes on, but a restart gives it the env that was last saved`);
    }
    this.#envProblem = envProblem;
    const fields = notFinite.slice(0, 10).join(", ");
    if (fields !== "" && fields !== this.#notFinite) {
      log.warn(`not a finite number, stored as null: ${fields}`);
    }
    this.#notFinite = fields;
  }

  #outputKey(shard: string): string {
    return this.#parts.definition.outputKey.replaceAll(SHARD_PLACEHOLDER, () => shard);
  }

  #entryShard(shard: string): { shard?: string } {
    const named = shard === "" ? this.#parts.definition.node : shard;
    return named === undefined ? {} : { shard: named };
  }
}
