import type { Logger } from "pino";
import type { FunctionDefinition } from "../configuration/manifest.ts";
import type { FunctionMetrics, Outcome } from "../observability/function-metrics.ts";
import type { RedisStore } from "../sinks/redis-store.ts";
import type { CallResult } from "../workers/call-result.ts";
import type { PoolUser, WorkerPool } from "../workers/pool.ts";
import type { LimitName } from "../workers/protocol.ts";
import type { WorkerEnd } from "../workers/transport.ts";
import type { SavedEnv, Worker } from "../workers/worker.ts";
import { type Move, moveEnv, nextMove } from "./balance.ts";
import { blame, suspectsOf } from "./blame.ts";
import type { Delivery } from "./delivery.ts";
import { handledOf } from "./handled.ts";
import type { Lane } from "./lane.ts";
import { Lanes } from "./lanes.ts";
import { LastingProblems } from "./lasting-problems.ts";
import { openShard } from "./open-shard.ts";
import { Window } from "./window.ts";

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
  readonly #lanes: Lanes;
  readonly #keepsEnv: boolean;
  readonly #problems: LastingProblems;
  readonly #patience = new AbortController();
  /** Lanes with something to send; they take turns. */
  readonly #eager = new Set<Lane>();
  readonly #windows = new Map<Worker<Delivery>, Window>();
  /** Who waits for a worker to have nothing to do. */
  readonly #waitingForQuiet = new Map<Worker<Delivery>, () => void>();
  /** The shard that changes its worker. */
  #moving: Move | undefined;
  #isMovingEnv = false;
  #isStopping = false;
  #isPumping = false;

  /** @param poolFor makes the pool that the dispatcher sends to. */
  constructor(parts: DispatcherParts, poolFor: (user: PoolUser<Delivery>) => WorkerPool<Delivery>) {
    const { definition, store, log } = parts;
    this.#parts = parts;
    this.#keepsEnv = definition.state !== "none";
    this.#problems = new LastingProblems(log);
    this.#lanes = new Lanes(definition, store, () => this.#pool.version, this.#patience.signal);
    this.#pool = poolFor(this);
  }

  get pool(): WorkerPool<Delivery> {
    return this.#pool;
  }

  /** Aborts when there is no more patience with Redis. */
  get patience(): AbortSignal {
    return this.#patience.signal;
  }

  /** Events that wait for a worker. */
  get waiting(): number {
    let sum = 0;
    for (const { queue } of this.#lanes) sum += queue.size;
    return sum;
  }

  /** Take an event in. */
  accept(delivery: Delivery): void {
    const lane = this.#lanes.of(delivery.event.shard);
    if (lane.isReserved) {
      const message = `the output key ${lane.outputKey} is one that Gaugelet needs itself; choose another output.key`;
      this.#fail(delivery, "rejected", message, "", undefined);
      return;
    }
    lane.queue.put(delivery);
    // Where nobody waits, the event goes at once.
    const isAlone = this.#eager.size === 0 && !this.#isPumping && !this.#isStopping;
    if (isAlone && this.#sendNext(lane) && lane.queue.size === 0) return;
    this.#eager.add(lane);
    this.#pump();
  }

  onReady(worker: Worker<Delivery>): void {
    this.#windows.set(worker, new Window());
    worker.listen({
      onResult: (delivery, result) => this.#hearResult(worker, delivery, result),
      onSaved: (shard, saved) => this.#hearSaved(worker, shard, saved),
    });
    this.#balance();
    this.#pump();
  }

  onResumed(): void {
    this.#pump();
  }

  /** Nobody is kept waiting for what may never come; events stay. */
  onFailing(reason: string): void {
    const message = `the function cannot be loaded: ${reason}`;
    for (const { queue } of this.#lanes) {
      for (const delivery of queue.takeWaited()) {
        delivery.reply({ outcome: "unavailable", message, details: "" });
      }
    }
  }

  onLost(worker: Worker<Delivery>, end: WorkerEnd): void {
    this.#windows.delete(worker);
    const held = this.#lanes.heldBy(worker);
    const unsaved = held.flatMap((lane) => lane.unsaved.splice(0));
    const underWay = worker.unanswered;
    for (const lane of held) lane.worker = undefined;
    for (const { event } of underWay) this.#lanes.of(event.shard).underWay -= 1;
    this.#hearQuiet(worker);
    if (this.#isStopping) return;
    const { suspects, areToBlame } = suspectsOf(underWay, unsaved, end);
    for (const suspect of suspects) suspect.isSuspect = true;
    const isOver = new Set(areToBlame ? suspects.filter((suspect) => this.#blame(suspect, end)) : []);
    for (const delivery of isOver) this.#lanes.of(delivery.event.shard).queue.done(delivery);
    // Those that were answered came first.
    this.#putBack([...unsaved, ...underWay].filter((delivery) => !isOver.has(delivery)));
    this.#continueMove();
    this.#pump();
  }

  onMoved(from: Worker<Delivery>, to: Worker<Delivery> | undefined): void {
    for (const lane of this.#lanes.heldBy(from)) lane.worker = to;
    this.#windows.delete(from);
    this.#pump();
  }

  async quiet(worker: Worker<Delivery>): Promise<void> {
    while (this.#windows.has(worker) && !this.#isQuiet(worker)) {
      await new Promise<void>((resolve) => this.#waitingForQuiet.set(worker, resolve));
    }
  }

  nameOf(shard: number): { readonly name: string; readonly outputKey: string } {
    const lane = this.#lanes.at(shard);
    return { name: lane?.shard ?? "", outputKey: lane?.outputKey ?? "" };
  }

  /** Nothing new from now on; what waits is answered. */
  close(): void {
    this.#isStopping = true;
    this.#eager.clear();
    for (const { queue } of this.#lanes) {
      for (const delivery of queue.clear()) {
        delivery.reply({ outcome: "unavailable", message: "the runtime stops", details: "" });
      }
    }
  }

  /** Settles when what is under way is answered and stored. */
  async drained(): Promise<void> {
    await Promise.all([...this.#windows.keys()].map((worker) => this.quiet(worker)));
    await this.stored();
  }

  /** Settles when what is answered is stored, or given up. */
  async stored(): Promise<void> {
    await Promise.all([...this.#lanes].map(({ outbox }) => outbox.idle));
  }

  /** No more patience with Redis. */
  giveUp(): void {
    this.#patience.abort();
  }

  /** Send as much as there is room for, one lane after the other. */
  #pump(): void {
    if (this.#isPumping || this.#isStopping) return;
    this.#isPumping = true;
    for (let blocked = 0; blocked < this.#eager.size; ) {
      const [lane] = this.#eager as Iterable<Lane> as [Lane];
      const isSent = this.#sendNext(lane);
      blocked = isSent ? 0 : blocked + 1;
      if (isSent && lane.queue.size > 0 && this.#eager.size === 1) continue;
      this.#eager.delete(lane);
      if (lane.queue.size > 0) this.#eager.add(lane);
    }
    this.#isPumping = false;
  }

  /** @returns whether there was something to send, and room for it. */
  #sendNext(lane: Lane): boolean {
    const delivery = lane.queue.peek();
    if (delivery === undefined || lane.isMoving) return false;
    const worker = this.#keepsEnv ? this.#holderOf(lane) : this.#leastBusyFor(lane);
    if (worker === undefined) return false;
    if (!worker.shards.has(lane.number)) {
      if (!lane.opening.has(worker)) void this.#open(lane, worker);
      return false;
    }
    const window = this.#windows.get(worker);
    if (window === undefined || !window.hasRoom || (delivery.isSuspect && !this.#isQuiet(worker)))
      return false;
    lane.queue.take();
    lane.underWay += 1;
    window.sent(delivery.body.length, delivery.isSuspect);
    const now = performance.now();
    delivery.id = worker.invoke(delivery, lane.number, lane.outbox.storedAt, now);
    this.#parts.metrics.sent((now - delivery.event.receivedAt) / 1000);
    return true;
  }

  /** The worker with the shard's env; where none has it, the one with the fewest shards. */
  #holderOf(lane: Lane): Worker<Delivery> | undefined {
    if (lane.worker === undefined) {
      const shards = (worker: Worker<Delivery>): number => this.#lanes.heldBy(worker).length;
      [lane.worker] = [...this.#pool.serving].sort((a, b) => shards(a) - shards(b));
      if (lane.worker === undefined) this.#pool.want();
      else lane.worker.forget(lane.number);
    }
    // One that gives its env to another gets nothing more.
    return lane.worker !== undefined && this.#pool.isServing(lane.worker) ? lane.worker : undefined;
  }

  /** The first of those with the fewest calls, so that the last ones have nothing to do under little load. */
  #leastBusyFor(lane: Lane): Worker<Delivery> | undefined {
    let best: Worker<Delivery> | undefined;
    const { serving } = this.#pool;
    for (const worker of serving) {
      if (lane.opening.has(worker)) continue;
      if (best === undefined || worker.inFlight < best.inFlight) best = worker;
    }
    if (serving.length === 0) this.#pool.want();
    return best;
  }

  async #open(lane: Lane, worker: Worker<Delivery>): Promise<void> {
    const { store, log, note } = this.#parts;
    const onDeath = ({ reason, limit }: WorkerEnd): void =>
      note("killed", `the function's process ${reason} while it read the saved env`, "", limit);
    lane.opening.add(worker);
    try {
      const parts = { store, log, keepsEnv: this.#keepsEnv, patience: this.patience, onDeath };
      await openShard(lane, worker, parts);
    } catch (error) {
      note(
        "error",
        `the runtime failed: ${(error as Error).message}`,
        (error as Error).stack ?? "",
        undefined,
      );
    }
    lane.opening.delete(worker);
    this.#pump();
  }

  #hearResult(worker: Worker<Delivery>, delivery: Delivery, result: CallResult): void {
    const lane = this.#lanes.of(delivery.event.shard);
    this.#windows.get(worker)?.answered(delivery.body.length, result.seconds);
    lane.queue.done(delivery);
    lane.underWay -= 1;
    if (result.outcome === "ok") this.#succeed(worker, lane, delivery, result);
    else this.#fail(delivery, result.outcome, result.message, result.details, result.limit);
    this.#parts.metrics.answered(worker, result);
    // Saving what it left in env may end the worker yet.
    if (delivery.isSuspect && !lane.unsaved.includes(delivery)) this.#acquit(worker, delivery);
    if (lane.queue.size > 0) this.#eager.add(lane);
    this.#pump();
    if (worker.inFlight === 0) this.#hearQuiet(worker);
    if (this.#moving !== undefined) this.#continueMove();
  }

  #succeed(worker: Worker<Delivery>, lane: Lane, delivery: Delivery, result: CallResult): void {
    const { output, seconds } = result;
    delivery.output = output;
    delivery.seconds = seconds;
    // First of all, for somebody waits. One with a name of its caller's is answered when it is stored.
    if (delivery.idempotencyKey === undefined) delivery.reply({ outcome: "ok", output, seconds });
    if (this.#keepsEnv && lane.worker === worker) lane.unsaved.push(delivery);
    else lane.outbox.put(handledOf([delivery], undefined));
    this.#pool.noteSuccess();
    this.#problems.notFinite(result.notFinite);
    this.#parts.note("ok", "", "", undefined);
  }

  #hearSaved(worker: Worker<Delivery>, shard: number, { id, env, problem }: SavedEnv): void {
    const lane = this.#lanes.at(shard);
    if (lane === undefined || lane.worker !== worker) return;
    this.#problems.env(problem);
    const saved = lane.takeSaved(id);
    if (saved.length > 0) lane.outbox.put(handledOf(saved, env));
    for (const delivery of saved) this.#acquit(worker, delivery);
    if (lane.unsaved.length === 0) this.#hearQuiet(worker);
    if (this.#moving !== undefined) this.#continueMove();
    this.#pump();
  }

  /** Take a shard from the worker with the most to the one with the fewest, one after the other. */
  #balance(): void {
    if (!this.#keepsEnv || this.#isStopping || this.#moving !== undefined) return;
    this.#moving = nextMove(this.#lanes, this.#pool.serving);
    if (this.#moving === undefined) return;
    this.#moving.lane.isMoving = true;
    this.#continueMove();
  }

  /** Once nothing of the shard is under way. */
  #continueMove(): void {
    const move = this.#moving;
    if (move === undefined || this.#isMovingEnv || !move.lane.isQuiet) return;
    this.#isMovingEnv = true;
    const { lane, from, to } = move;
    const isWanted = lane.worker === from && this.#pool.isServing(from) && this.#pool.isServing(to);
    const moved = isWanted ? moveEnv(move).catch(() => false) : Promise.resolve(false);
    void moved.then((isDone) => {
      lane.canMove = isDone || !isWanted || from.hasEnded || to.hasEnded;
      lane.isMoving = false;
      this.#isMovingEnv = false;
      this.#moving = undefined;
      if (lane.queue.size > 0) this.#eager.add(lane);
      this.#balance();
      this.#pump();
    });
  }

  /** @returns whether the event is not tried again. */
  #blame(delivery: Delivery, end: WorkerEnd): boolean {
    const { outcome, isLast, message, limit } = blame(delivery, end);
    if (!isLast) this.#parts.note(outcome, message, "", limit);
    else {
      const isTold = this.#fail(delivery, outcome, message, "", limit);
      // Whoever waits for an answer knows. What takes too long is told as what raises is, and not kept.
      if (!isTold && outcome === "killed") void this.#putAside(delivery, message);
    }
    return isLast;
  }

  async #putAside({ event, deaths }: Delivery, error: string): Promise<void> {
    const { definition, store, metrics } = this.#parts;
    const { body, source, position } = event;
    const { outputKey, outbox } = this.#lanes.of(event.shard);
    // Positions of events before it must not come after its own.
    await outbox.idle;
    const letter = { function: definition.name, outputKey, source, position, body, error, attempts: deaths };
    if (await store.deadLetter(letter, this.patience)) metrics.deadLetters.inc();
  }

  /** To the front of their lanes, in their order. */
  #putBack(deliveries: readonly Delivery[]): void {
    for (const [shard, ofShard] of Map.groupBy(deliveries, ({ event }) => event.shard)) {
      const lane = this.#lanes.of(shard);
      lane.queue.putBack(ofShard);
      this.#eager.add(lane);
    }
    // A newer event may have waited for one that is given up.
    for (const lane of this.#lanes) if (lane.queue.size > 0) this.#eager.add(lane);
  }

  /** @returns whether somebody waited for the answer. */
  #fail(
    delivery: Delivery,
    outcome: Exclude<Outcome, "ok">,
    message: string,
    details: string,
    limit: LimitName | undefined,
  ): boolean {
    this.#parts.note(outcome, message, details, limit);
    return delivery.reply({ outcome, message, details });
  }

  /** It did not end the worker: others may run beside it again. */
  #acquit(worker: Worker<Delivery>, delivery: Delivery): void {
    if (!delivery.isSuspect) return;
    delivery.isSuspect = false;
    this.#windows.get(worker)?.open();
  }

  #isQuiet(worker: Worker<Delivery>): boolean {
    return worker.inFlight === 0 && this.#lanes.heldBy(worker).every(({ unsaved }) => unsaved.length === 0);
  }

  #hearQuiet(worker: Worker<Delivery>): void {
    const hear = this.#waitingForQuiet.get(worker);
    this.#waitingForQuiet.delete(worker);
    hear?.();
  }
}
