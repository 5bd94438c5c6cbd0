import { isReservedKey } from "@gaugelet/shared/keys";
import type { Logger } from "pino";
import { type FunctionDefinition, outputKeyOf } from "../configuration/manifest.ts";
import type { FunctionMetrics, Outcome } from "../observability/function-metrics.ts";
import { Outbox } from "../sinks/outbox.ts";
import type { RedisStore } from "../sinks/redis-store.ts";
import type { CallAnswer } from "../triggers/http/callable.ts";
import { WorkerDiedError } from "../workers/errors.ts";
import type { LimitName } from "../workers/protocol.ts";
import type { PoolUser, WorkerPool } from "../workers/pool.ts";
import type { WorkerEnd } from "../workers/transport.ts";
import type { CallResult, SavedEnv, Worker } from "../workers/worker.ts";
import type { Delivery } from "./delivery.ts";
import { entryOf } from "./entry.ts";
import { Lane } from "./lane.ts";
import { Window } from "./window.ts";

/** How many workers may end under an event before it is given up: a crash may have had another cause. */
const MAX_DEATHS = 3;
/** An env that ends each process that reads it would do so for ever; once may have been an accident. */
const MAX_DEATHS_AT_RESTORE = 2;

/** What a {@link Dispatcher} is made of. */
export interface DispatcherParts {
  readonly definition: FunctionDefinition;
  readonly store: RedisStore;
  readonly metrics: FunctionMetrics;
  readonly log: Logger;
  /** Hears of each call that is over. */
  readonly note: (outcome: Outcome, message: string, details: string, limit: LimitName | undefined) => void;
}

/**
 * Brings the events of one function to its workers, and what they come to into the store.
 *
 * waits (queue) → under way (worker) → unsaved, where `env` is kept → stored (outbox)
 *    ↑────────────────┴──────────────────┘ the worker ended: again, in order
 *
 * A worker that ends with one call under way ended by that call. With several, each of them runs again alone, so
 * that the one that ends its worker is found and the others succeed.
 */
export class Dispatcher implements PoolUser<Delivery> {
  readonly #parts: DispatcherParts;
  readonly #pool: WorkerPool<Delivery>;
  readonly #keepsEnv: boolean;
  readonly #lanes: Lane[] = [];
  readonly #laneOf = new Map<string, Lane>();
  /** Lanes with something to send; in turn. */
  readonly #eager = new Set<Lane>();
  readonly #windows = new Map<Worker<Delivery>, Window>();
  readonly #patience = new AbortController();
  /** Who waits for a worker to have nothing to do. */
  readonly #waitingForQuiet = new Map<Worker<Delivery>, () => void>();
  #isStopping = false;
  #isPumping = false;
  #envProblem: string | null = null;
  #notFinite = "";

  /** @param poolFor makes the pool that the dispatcher sends to. */
  constructor(parts: DispatcherParts, poolFor: (user: PoolUser<Delivery>) => WorkerPool<Delivery>) {
    this.#parts = parts;
    this.#keepsEnv = parts.definition.state !== "none";
    this.#pool = poolFor(this);
  }

  get pool(): WorkerPool<Delivery> {
    return this.#pool;
  }

  /** Events that wait for a worker. */
  get waiting(): number {
    return this.#lanes.reduce((sum, { queue }) => sum + queue.size, 0);
  }

  /** Take an event in. */
  accept(delivery: Delivery): void {
    const lane = this.#lane(delivery.event.shard);
    if (isReservedKey(lane.outputKey)) {
      const message = `the output key ${lane.outputKey} is one that Gaugelet needs itself; choose another output.key`;
      this.#fail(delivery, "rejected", message, "", undefined);
      return;
    }
    lane.queue.put(delivery);
    this.#eager.add(lane);
    this.#pump();
  }

  onReady(worker: Worker<Delivery>): void {
    this.#windows.set(worker, new Window());
    worker.listen({
      onResult: (delivery, _id, result) => this.#hearResult(worker, delivery, result),
      onSaved: (shard, saved) => this.#hearSaved(worker, shard, saved),
    });
    this.#pump();
  }

  onResumed(): void {
    this.#pump();
  }

  /** Nobody is kept waiting for what may never come; events stay. */
  onFailing(reason: string): void {
    const message = `the function cannot be loaded: ${reason}`;
    for (const { queue } of this.#lanes) {
      for (const delivery of queue.takeWaited()) delivery.reply({ outcome: "unavailable", message, details: "" });
    }
  }

  onLost(worker: Worker<Delivery>, end: WorkerEnd): void {
    this.#windows.delete(worker);
    const underWay = worker.unanswered;
    const suspects = underWay.length > 0 ? underWay : this.#unsavedOf(worker);
    // With nothing under way it ended on its own, or while it saved what the last calls left in env.
    const isKnown = suspects.length === 1 || underWay.length === 0;
    const isGivenUp = new Set<Delivery>();
    for (const suspect of suspects) {
      suspect.isSuspect = true;
      if (isKnown && !this.#isStopping && this.#blame(suspect, end)) isGivenUp.add(suspect);
    }
    this.#putBack(worker, underWay, isGivenUp);
    this.#hearQuiet(worker);
    this.#pump();
  }

  /** Settles when a worker that gets nothing new has nothing under way or unsaved, or has ended. */
  async quiet(worker: Worker<Delivery>): Promise<void> {
    while (this.#windows.has(worker) && !this.#isQuiet(worker)) {
      await new Promise<void>((resolve) => this.#waitingForQuiet.set(worker, resolve));
    }
  }

  /** The shards that a worker held are held by another one, or by none. */
  onMoved(from: Worker<Delivery>, to: Worker<Delivery> | undefined): void {
    for (const lane of this.#lanes) if (lane.worker === from) lane.worker = to;
    this.#windows.delete(from);
    this.#pump();
  }

  nameOf(shard: number): { readonly name: string; readonly outputKey: string } {
    const lane = this.#lanes[shard];
    return { name: lane?.shard ?? "", outputKey: lane?.outputKey ?? "" };
  }

  /** Nothing new from now on; what waits is answered. */
  close(): void {
    this.#isStopping = true;
    for (const { queue } of this.#lanes) {
      for (const delivery of queue.clear()) {
        delivery.reply({ outcome: "unavailable", message: "the runtime stops", details: "" });
      }
    }
    this.#eager.clear();
  }

  /** Settles when what is under way is answered and stored. */
  async drained(): Promise<void> {
    await Promise.all([...this.#windows.keys()].map((worker) => this.quiet(worker)));
    await this.stored();
  }

  /** Settles when what is answered is stored, or given up. */
  async stored(): Promise<void> {
    await Promise.all(this.#lanes.map(({ outbox }) => outbox.idle));
  }

  /** Aborts when there is no more patience with Redis. */
  get patience(): AbortSignal {
    return this.#patience.signal;
  }

  /** No more patience with Redis. */
  giveUp(): void {
    this.#patience.abort();
  }

  #lane(shard: string): Lane {
    const known = this.#laneOf.get(shard);
    if (known !== undefined) return known;
    const { definition, store } = this.#parts;
    const outputKey = outputKeyOf(definition, shard);
    const entry = () => entryOf(definition, shard, this.#pool.version);
    const outbox = new Outbox(outputKey, entry, store, this.#patience.signal);
    const lane = new Lane(this.#lanes.length, shard, outputKey, outbox);
    this.#lanes.push(lane);
    this.#laneOf.set(shard, lane);
    return lane;
  }

  /** Send as much as there is room for, one lane after the other. */
  #pump(): void {
    if (this.#isPumping || this.#isStopping) return;
    this.#isPumping = true;
    let blocked = 0;
    while (blocked < this.#eager.size) {
      const [lane] = this.#eager as Iterable<Lane> as [Lane];
      const isSent = this.#sendOne(lane);
      if (isSent) blocked = 0;
      else blocked += 1;
      if (this.#eager.size === 1 && isSent && lane.queue.size > 0) continue;
      this.#eager.delete(lane);
      if (lane.queue.size > 0) this.#eager.add(lane);
    }
    this.#isPumping = false;
  }

  #sendOne(lane: Lane): boolean {
    const delivery = lane.queue.peek();
    if (delivery === undefined) return false;
    const worker = this.#keepsEnv ? this.#holderOf(lane) : this.#leastBusy(lane);
    if (worker === undefined) return false;
    if (!worker.shards.has(lane.number)) {
      if (!lane.opening.has(worker)) void this.#open(lane, worker);
      return false;
    }
    const window = this.#windows.get(worker);
    if (window === undefined || !window.hasRoom || (delivery.isSuspect && !window.isEmpty)) return false;
    lane.queue.take();
    window.sent(delivery.body.length, delivery.isSuspect);
    delivery.id = worker.invoke(delivery, lane.number, lane.outbox.storedAt);
    this.#parts.metrics.sent((performance.now() - delivery.event.receivedAt) / 1000);
    return true;
  }

  /** The worker with the shard's env; one is chosen where none has it. */
  #holderOf(lane: Lane): Worker<Delivery> | undefined {
    if (lane.worker === undefined) {
      const held = new Map(this.#pool.serving.map((worker) => [worker, 0]));
      for (const { worker } of this.#lanes) {
        const count = worker && held.get(worker);
        if (worker !== undefined && count !== undefined) held.set(worker, count + 1);
      }
      lane.worker = [...held].sort(([, a], [, b]) => a - b)[0]?.[0];
      if (lane.worker === undefined) this.#pool.want();
    }
    // One that gives its env to another gets nothing more.
    return lane.worker !== undefined && this.#pool.isServing(lane.worker) ? lane.worker : undefined;
  }

  /** The first of those with the fewest calls, so that the last ones have nothing to do under little load. */
  #leastBusy(lane: Lane): Worker<Delivery> | undefined {
    let best: Worker<Delivery> | undefined;
    for (const worker of this.#pool.serving) {
      if (lane.opening.has(worker)) continue;
      if (best === undefined || worker.inFlight < best.inFlight) best = worker;
    }
    if (this.#pool.serving.length === 0) this.#pool.want();
    return best;
  }

  /** Give a worker the shard, with what is stored of its env. */
  async #open(lane: Lane, worker: Worker<Delivery>): Promise<void> {
    lane.opening.add(worker);
    try {
      await this.#restore(lane, worker);
    } catch (error) {
      if (!(error instanceof WorkerDiedError)) this.#parts.log.error({ error }, "cannot begin a shard");
    }
    lane.opening.delete(worker);
    this.#pump();
  }

  async #restore(lane: Lane, worker: Worker<Delivery>): Promise<void> {
    const { store, log } = this.#parts;
    const head = {
      shard: lane.number,
      name: lane.shard,
      outputKey: lane.outputKey,
      keepEnv: this.#keepsEnv,
    };
    if (!this.#keepsEnv && lane.isKnown) {
      await worker.restore(head, undefined);
      return;
    }
    await lane.outbox.idle;
    const stored = await store.read(lane.outputKey, this.#patience.signal);
    if (stored === undefined || this.#windows.get(worker) === undefined) return;
    lane.outbox.noteStored(stored.storedAt);
    lane.isKnown = true;
    const isDeadly = lane.deathsAtRestore >= MAX_DEATHS_AT_RESTORE;
    if (isDeadly)
      log.error("the saved env ends every process that reads it; the function begins with an empty env");
    const saved = !this.#keepsEnv || isDeadly ? undefined : stored.env;
    try {
      const problem = await worker.restore(head, saved);
      if (problem !== null) log.warn(`${problem}; the function begins with an empty env`);
      lane.deathsAtRestore = 0;
    } catch (error) {
      if (!(error instanceof WorkerDiedError)) throw error;
      lane.deathsAtRestore += 1;
      const message = `the function's process ${error.message} while it read the saved env`;
      this.#parts.note("killed", message, "", error.end.limit);
    }
  }

  #hearResult(worker: Worker<Delivery>, delivery: Delivery, result: CallResult): void {
    const lane = this.#lane(delivery.event.shard);
    this.#windows.get(worker)?.answered(delivery.body.length, result.seconds);
    delivery.isSuspect = false;
    lane.queue.done(delivery);
    this.#parts.metrics.answered(worker, result);
    if (result.outcome === "ok") this.#succeed(worker, lane, delivery, result);
    else this.#fail(delivery, result.outcome, result.message, result.details, result.limit);
    if (lane.queue.size > 0) this.#eager.add(lane);
    this.#pump();
    if (worker.inFlight === 0) this.#hearQuiet(worker);
  }

  #succeed(worker: Worker<Delivery>, lane: Lane, delivery: Delivery, result: CallResult): void {
    const { output, seconds, notFinite } = result;
    this.#pool.noteSuccess();
    this.#reportNotFinite(notFinite);
    delivery.output = output;
    this.#parts.note("ok", "", "", undefined);
    if (delivery.idempotencyKey === undefined) delivery.reply({ outcome: "ok", output, seconds });
    if (this.#keepsEnv && lane.worker === worker) lane.unsaved.push(delivery);
    else this.#store(lane, [delivery], undefined, seconds);
  }

  #hearSaved(worker: Worker<Delivery>, shard: number, { id, env, problem }: SavedEnv): void {
    const lane = this.#lanes[shard];
    if (lane === undefined || lane.worker !== worker) return;
    this.#reportEnvProblem(problem);
    const saved = lane.takeSaved(id);
    if (saved.length > 0) this.#store(lane, saved, env, 0);
    if (lane.unsaved.length === 0) this.#hearQuiet(worker);
  }

  #store(lane: Lane, handled: readonly Delivery[], env: Buffer | undefined, seconds: number): void {
    const positions = new Map<string, string>();
    const answers = new Map<string, Buffer>();
    const waiting: Delivery[] = [];
    for (const delivery of handled) {
      const { source, position } = delivery.event;
      if (position !== null) positions.set(source, position);
      if (delivery.idempotencyKey === undefined || delivery.output === undefined) continue;
      answers.set(delivery.idempotencyKey, delivery.output);
      waiting.push(delivery);
    }
    const output = handled.at(-1)?.output;
    if (output === undefined) return;
    const answer = (delivery: Delivery): CallAnswer => ({
      outcome: "ok",
      output: delivery.output ?? output,
      seconds,
    });
    const onStored =
      waiting.length === 0
        ? undefined
        : (): void => {
            for (const delivery of waiting) delivery.reply(answer(delivery));
          };
    lane.outbox.put({ output, env, positions, answers, onStored });
  }

  /** A worker ended under this one. @returns whether that is the end of it. */
  #blame(delivery: Delivery, end: WorkerEnd): boolean {
    if (end.limit === "timeout") {
      this.#fail(
        delivery,
        "timeout",
        `the handler ${end.reason}; raise limits.timeout or do less in one call`,
        "",
        "timeout",
      );
      return true;
    }
    delivery.deaths += 1;
    const isLast = delivery.deaths === MAX_DEATHS || end.limit === "cpu";
    const next = isLast ? `given up after ${attempts(delivery.deaths)}` : "it is called again";
    const message = `the function's process ${end.reason} during a call; ${next}`;
    if (!isLast) {
      this.#parts.note("killed", message, "", end.limit);
      return false;
    }
    this.#fail(delivery, "killed", message, "", end.limit);
    // Whoever waits for an answer knows.
    if (delivery.answer === undefined) void this.#putAside(delivery, message);
    return true;
  }

  async #putAside({ event, deaths }: Delivery, error: string): Promise<void> {
    const { definition, store, metrics } = this.#parts;
    const { body, source, position } = event;
    const { outputKey } = this.#lane(event.shard);
    const letter = { function: definition.name, outputKey, source, position, body, error, attempts: deaths };
    await store.deadLetter(letter, this.#patience.signal);
    metrics.deadLetters.inc();
  }

  #fail(
    delivery: Delivery,
    outcome: Exclude<Outcome, "ok">,
    message: string,
    details: string,
    limit: LimitName | undefined,
  ): void {
    this.#parts.note(outcome, message, details, limit);
    delivery.reply({ outcome, message, details });
  }

  /** What a worker had goes to the front again: answered but unsaved calls first, in the order of each lane. */
  #putBack(worker: Worker<Delivery>, underWay: readonly Delivery[], isGivenUp: ReadonlySet<Delivery>): void {
    const byLane = new Map<Lane, Delivery[]>();
    for (const lane of this.#lanes) {
      if (lane.worker !== worker) continue;
      lane.worker = undefined;
      byLane.set(lane, lane.unsaved.splice(0));
    }
    for (const delivery of underWay) {
      const lane = this.#lane(delivery.event.shard);
      const deliveries = byLane.get(lane) ?? [];
      deliveries.push(delivery);
      byLane.set(lane, deliveries);
    }
    if (this.#isStopping) return;
    for (const [lane, deliveries] of byLane) {
      for (const delivery of deliveries) if (isGivenUp.has(delivery)) lane.queue.done(delivery);
      lane.queue.putBack(deliveries.filter((delivery) => !isGivenUp.has(delivery)));
      if (lane.queue.size > 0) this.#eager.add(lane);
    }
  }

  #unsavedOf(worker: Worker<Delivery>): Delivery[] {
    return this.#lanes.flatMap((lane) => (lane.worker === worker ? lane.unsaved : []));
  }

  #isQuiet(worker: Worker<Delivery>): boolean {
    return worker.inFlight === 0 && this.#unsavedOf(worker).length === 0;
  }

  #hearQuiet(worker: Worker<Delivery>): void {
    const hear = this.#waitingForQuiet.get(worker);
    if (hear === undefined) return;
    this.#waitingForQuiet.delete(worker);
    hear();
  }

  /** Conditions that last are reported when they begin, not at every call. */
  #reportEnvProblem(problem: string | null): void {
    if (problem !== null && problem !== this.#envProblem) {
      this.#parts.log.warn(
        `${problem}; the function goes on, but a restart gives it the env that was last saved`,
      );
    }
    this.#envProblem = problem;
  }

  #reportNotFinite(paths: readonly string[]): void {
    const fields = paths.length === 0 ? "" : paths.slice(0, 10).join(", ");
    if (fields !== "" && fields !== this.#notFinite)
      this.#parts.log.warn(`not a finite number, stored as null: ${fields}`);
    this.#notFinite = fields;
  }
}

function attempts(count: number): string {
  return count === 1 ? "1 attempt" : `${count} attempts`;
}
