import { setTimeout as sleep } from "node:timers/promises";
import { isReservedKey } from "@gaugelet/shared/keys";
import type { OutputEntry } from "@gaugelet/shared/outputs";
import type { Logger } from "pino";
import { type FunctionDefinition, outputKeyOf } from "../configuration/manifest.ts";
import type { FunctionEvent } from "../dispatcher/event.ts";
import { NewestQueue } from "../dispatcher/newest-queue.ts";
import type { Outcome, RuntimeMetrics } from "../observability/metrics.ts";
import type { RedisStore } from "../sinks/redis-store.ts";
import type { Trigger } from "../triggers/trigger.ts";
import { WorkerDiedError, WorkerGoneError, WorkerTimeoutError } from "../workers/errors.ts";
import type { Supervisor } from "../workers/supervisor.ts";
import type { Invocation, Worker } from "../workers/worker.ts";

/** How often an event is tried whose worker died under it: a crash may have had another cause. */
const MAX_ATTEMPTS = 3;
/** An env that ends each process that reads it would do so for ever; once may have been an accident. */
const MAX_DEATHS_AT_RESTORE = 2;
/** How long a call under way, and the storing of its output, may take when the runtime stops. */
const FINISH_MILLISECONDS = 4_000;

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
  /** How often in a row the process ended that read a shard's saved `env`. */
  readonly #deathsAtRestore = new Map<string, number>();
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

  /**
   * Stop: no new events; the call under way is finished and stored where that takes less than 4 s, and its
   * worker is ended where it takes longer.
   */
  async stop(): Promise<void> {
    for (const trigger of this.#parts.triggers) trigger.stop();
    this.#stopping.abort();
    this.#wake();
    const timeUp = new AbortController();
    const pause = sleep(FINISH_MILLISECONDS, undefined, { signal: timeUp.signal }).catch(() => {});
    await Promise.race([this.#running, pause]);
    timeUp.abort();
    await this.#parts.supervisor.stop();
  }

  /** Settles when nothing is under way any more; after {@link stop}, and once Redis is disconnected. */
  get finished(): Promise<void> {
    return this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const event = this.#queue.take();
      if (event !== undefined) await this.#handleSafely(event);
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
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
    const { supervisor, metrics, definition } = this.#parts;
    const outputKey = this.#outputKey(event.shard);
    if (isReservedKey(outputKey)) {
      this.#note(
        "rejected",
        `the output key ${outputKey} is one that Gaugelet needs itself; choose another output.key`,
        "",
      );
      return;
    }
    let seen = false;
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; ) {
      const result = await supervisor.use(async (worker) => {
        if (!seen) {
          const seconds = (performance.now() - event.receivedAt) / 1000;
          metrics.queueTime.observe({ function: definition.name }, seconds);
        }
        seen = true;
        return this.#attempt(event, worker, attempt);
      }, this.#stopping.signal);
      if (result === "killed") attempt += 1;
      else if (result !== "not tried") return;
    }
  }

  async #attempt(
    event: FunctionEvent,
    worker: Worker,
    attempt: number,
  ): Promise<"done" | "killed" | "not tried"> {
    try {
      if (!(await this.#ensureEnv(worker, event.shard))) return "done";
      await this.#finish(event, worker, await worker.invoke(this.#callOf(event), event.body));
      return "done";
    } catch (error) {
      if (error instanceof WorkerTimeoutError) {
        this.#note(
          "timeout",
          `the handler ${error.message}; raise limits.timeout or do less in one call`,
          "",
        );
        await worker.ended;
        return "done";
      }
      if (!(error instanceof WorkerDiedError)) throw error;
      if (this.#stopping.signal.aborted) return "done";
      await worker.ended;
      if (error instanceof WorkerGoneError) return "not tried";
      const next = attempt === MAX_ATTEMPTS ? `given up after ${attempt} attempts` : "it is called again";
      this.#note("killed", `the function's process ${error.message} during a call; ${next}`, "");
      return "killed";
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
    this.#lastStored.set(shard, stored.storedAt ?? this.#lastStored.get(shard) ?? null);
    const deaths = this.#deathsAtRestore.get(shard) ?? 0;
    const isDeadly = deaths >= MAX_DEATHS_AT_RESTORE;
    if (isDeadly)
      log.error("the saved env ends every process that reads it; the function begins with an empty env");
    const saved = definition.state === "none" || isDeadly ? undefined : stored.env;
    try {
      const problem = await worker.restore(shard, saved);
      if (problem !== null) log.warn(`${problem}; the function begins with an empty env`);
    } catch (error) {
      if (error instanceof WorkerGoneError) throw error;
      this.#deathsAtRestore.set(shard, deaths + 1);
      throw new WorkerDiedError(`${(error as Error).message} while it read the saved env`, { cause: error });
    }
    this.#deathsAtRestore.delete(shard);
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
    if (!(await store.store(record, this.#stopping.signal))) {
      this.#note("error", "the output could not be stored before the runtime stopped", "");
      return;
    }
    this.#lastStored.set(event.shard, entry.storedAt);
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
    return outputKeyOf(this.#parts.definition, shard);
  }

  #entryShard(shard: string): { shard?: string } {
    const named = shard === "" ? this.#parts.definition.node : shard;
    return named === undefined ? {} : { shard: named };
  }
}
