import type { Logger } from "pino";
import { weightOf } from "../configuration/classes.ts";
import type { FunctionDefinition } from "../configuration/manifest.ts";
import type { FunctionMetrics } from "../observability/function-metrics.ts";
import type { RedisStore } from "../sinks/redis-store.ts";
import type { CallAnswer } from "../triggers/http/callable.ts";
import type { WorkerPool } from "../workers/pool.ts";
import type { WorkerEnd } from "../workers/transport.ts";
import type { Worker } from "../workers/worker.ts";
import type { Delivery } from "./delivery.ts";
import type { FailuresParts } from "./failures.ts";
import type { Lane } from "./lane.ts";
import type { Lanes } from "./lanes.ts";
import { openShard } from "./open-shard.ts";
import { RoundRobin } from "./round-robin.ts";
import type { Turns, TurnTaker } from "./turns.ts";
import { Window } from "./window.ts";

/** What callers are told while nothing is sent. */
export type PauseAnswer = Exclude<CallAnswer, { readonly outcome: "ok" }>;

const UNREAD: PauseAnswer = {
  outcome: "unavailable",
  message: "Redis does not answer, and what is stored of the function is read first; it is tried on",
  details: "",
};

/** What {@link Sending} needs. */
export interface SendingParts {
  readonly definition: FunctionDefinition;
  readonly lanes: Lanes;
  readonly pool: WorkerPool<Delivery>;
  readonly store: RedisStore;
  /** Aborts when there is no more patience with Redis. */
  readonly patience: AbortSignal;
  /** Whose worker may be busy, where not all may. */
  readonly turns: Turns;
  /** Put an event aside that is not to be sent any more. @returns whether that could be done. */
  readonly putAside: (lane: Lane, delivery: Delivery, letters: NonNullable<Delivery["letters"]>) => boolean;
  readonly metrics: FunctionMetrics;
  readonly note: FailuresParts["note"];
  readonly log: Logger;
}

/** Sends the events of one function to its workers: which event, to which worker, and when. */
export class Sending implements TurnTaker {
  readonly #parts: SendingParts;
  readonly #keepsEnv: boolean;
  /** Lanes with something to send. */
  readonly #eager = new RoundRobin<Lane>();
  readonly #windows = new Map<Worker<Delivery>, Window>();
  /** Who waits for a worker to have nothing to do. */
  readonly #waitingForQuiet = new Map<Worker<Delivery>, () => void>();
  #isClosed = false;
  /** Nothing is sent until it is known that this runtime may. */
  #isHeld = false;
  /** Events wait, and whoever waits for an answer is told this. */
  #pausedFor: PauseAnswer | undefined;
  #isPumping = false;

  constructor(parts: SendingParts) {
    this.#parts = parts;
    this.#keepsEnv = parts.definition.state !== "none";
  }

  get weight(): number {
    return weightOf(this.#parts.definition.class);
  }

  onTurn(): void {
    this.pump();
  }

  /** Workers that events are sent to, or wait to be answered by. */
  get workers(): Iterable<Worker<Delivery>> {
    return this.#windows.keys();
  }

  /** A lane has one event more. */
  take(lane: Lane): void {
    if (lane.isUnread) answerWaiting(lane, UNREAD);
    // Where nobody waits, the event goes at once.
    const isAlone = this.#eager.size === 0 && !this.#isPumping && !this.#isClosed;
    if (isAlone && this.#sendNext(lane) && !lane.intake.isActive) return;
    this.wake(lane);
  }

  /** A lane may have something to send. */
  wake(lane: Lane): void {
    this.#eager.add(lane);
    this.pump();
  }

  /** Any lane may have something to send, and is asked with the next {@link pump}. */
  wakeAll(): void {
    for (const lane of this.#parts.lanes) if (lane.intake.isActive) this.#eager.add(lane);
  }

  /** Send nothing until {@link release}. */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    this.pump();
  }

  /** Send nothing until {@link resume}: events wait, and callers are told why. */
  pause(answer: PauseAnswer): void {
    this.#pausedFor = answer;
    this.pump();
  }

  resume(): void {
    if (this.#pausedFor === undefined) return;
    this.#pausedFor = undefined;
    this.wakeAll();
    this.pump();
  }

  /** Nothing is sent from now on. */
  close(): void {
    this.#isClosed = true;
    this.#parts.turns.leave(this);
    this.#eager.clear();
  }

  /** A worker is there that events can be sent to. */
  add(worker: Worker<Delivery>): void {
    this.#windows.set(worker, new Window());
  }

  /** A worker is sent nothing more. */
  remove(worker: Worker<Delivery>): void {
    this.#endTurn(worker);
    this.#windows.delete(worker);
  }

  /** There is room for one event more. @param seconds that the handler took. */
  answered(worker: Worker<Delivery>, delivery: Delivery, seconds: number): void {
    this.#windows.get(worker)?.answered(delivery.body.length, seconds);
  }

  /** It did not end the worker: others may run beside it again. */
  acquit(worker: Worker<Delivery>, delivery: Delivery): void {
    if (!delivery.isSuspect) return;
    delivery.isSuspect = false;
    this.#windows.get(worker)?.open();
  }

  /** Send on, after an answer. */
  goOn(worker: Worker<Delivery>, lane: Lane): void {
    if (lane.intake.isActive) this.#eager.add(lane);
    if (worker.inFlight === 0) this.#endTurn(worker);
    this.pump();
    if (worker.inFlight === 0) this.hearQuiet(worker);
  }

  /** Send as much as there is room for, one lane after the other. */
  pump(): void {
    if (this.#isPumping || this.#isClosed || this.#isHeld) return;
    if (this.#pausedFor !== undefined) {
      this.answerWaiting(this.#pausedFor);
      return;
    }
    this.#isPumping = true;
    for (let blocked = 0; blocked < this.#eager.size; ) {
      const lane = this.#eager.first as Lane;
      const isSent = this.#sendNext(lane);
      if (lane.intake.isActive) {
        this.#eager.next();
        blocked = isSent ? 0 : blocked + 1;
      } else {
        this.#eager.dropFirst();
        if (isSent) blocked = 0;
      }
    }
    this.#isPumping = false;
  }

  /** Answer those who wait for an answer; other events stay. */
  answerWaiting(answer: CallAnswer): void {
    for (const lane of this.#parts.lanes) answerWaiting(lane, answer);
  }

  /** Whether a worker has nothing to do, and all that it did is on its way to the store. */
  isQuiet(worker: Worker<Delivery>): boolean {
    const isSaved = ({ unsaved }: Lane): boolean => unsaved.length === 0;
    return worker.inFlight === 0 && this.#parts.lanes.heldBy(worker).every(isSaved);
  }

  /** Settles when a worker {@link isQuiet}, or is gone. */
  async quiet(worker: Worker<Delivery>): Promise<void> {
    while (this.#windows.has(worker) && !this.isQuiet(worker)) {
      await new Promise<void>((resolve) => this.#waitingForQuiet.set(worker, resolve));
    }
  }

  /** A worker may be quiet now. */
  hearQuiet(worker: Worker<Delivery>): void {
    const hear = this.#waitingForQuiet.get(worker);
    this.#waitingForQuiet.delete(worker);
    hear?.();
  }

  /** @returns whether there was something to send, and room for it. */
  #sendNext(lane: Lane): boolean {
    if (lane.isMoving || this.#isHeld || this.#pausedFor !== undefined) return false;
    const now = performance.now();
    const delivery = lane.intake.peek(now);
    if (delivery === undefined) return false;
    if (delivery.letters !== undefined) return this.#parts.putAside(lane, delivery, delivery.letters);
    if (lane.outbox.isFull && delivery.entry !== undefined) return false;
    const worker = this.#keepsEnv ? this.#holderOf(lane) : this.#leastBusyFor(lane);
    if (worker === undefined) return false;
    if (!worker.shards.has(lane.number)) {
      if (!lane.opening.has(worker)) void this.#open(lane, worker);
      return false;
    }
    const window = this.#windows.get(worker);
    if (window === undefined || !window.hasRoom || (delivery.isSuspect && !this.isQuiet(worker)))
      return false;
    if (!this.#hasTurn(window, now)) return false;
    lane.intake.take();
    lane.underWay += 1;
    window.sent(delivery.body.length, delivery.isSuspect);
    delivery.id = worker.invoke(delivery, lane.number, lane.outbox.storedAt, now);
    delivery.sentAt = now;
    delivery.event.invocation?.onStarted();
    this.#parts.metrics.sent((now - delivery.event.receivedAt) / 1000);
    return true;
  }

  /** Whether a worker may begin one more call: it has its turn, or may have one. */
  #hasTurn(window: Window, now: number): boolean {
    const { turns } = this.#parts;
    if (window.turnSince !== undefined) return !turns.isOver(window.turnSince, now);
    if (!turns.begin(this)) return false;
    window.turnSince = now;
    return true;
  }

  #endTurn(worker: Worker<Delivery>): void {
    const window = this.#windows.get(worker);
    if (window?.turnSince === undefined) return;
    const since = window.turnSince;
    window.turnSince = undefined;
    this.#parts.turns.end(this, since, performance.now(), this.#eager.size > 0);
  }

  /** The worker with the shard's env; where none has it, the one with the fewest shards. */
  #holderOf(lane: Lane): Worker<Delivery> | undefined {
    const { lanes, pool } = this.#parts;
    if (lane.worker === undefined) {
      const shards = (worker: Worker<Delivery>): number => lanes.heldBy(worker).length;
      [lane.worker] = [...pool.serving].sort((a, b) => shards(a) - shards(b));
      if (lane.worker === undefined) pool.want();
      else lane.worker.forget(lane.number);
    }
    // One that gives its env to another gets nothing more.
    return lane.worker !== undefined && pool.isServing(lane.worker) ? lane.worker : undefined;
  }

  /** The first of those with the fewest calls, so that the last ones have nothing to do under little load. */
  #leastBusyFor(lane: Lane): Worker<Delivery> | undefined {
    let best: Worker<Delivery> | undefined;
    const { pool } = this.#parts;
    const { serving } = pool;
    for (const worker of serving) {
      if (lane.opening.has(worker)) continue;
      if (best === undefined || worker.inFlight < best.inFlight) best = worker;
    }
    if (serving.length === 0) pool.want();
    return best;
  }

  async #open(lane: Lane, worker: Worker<Delivery>): Promise<void> {
    const { definition, store, patience, log, note } = this.#parts;
    const onDeath = ({ reason, limit }: WorkerEnd): void => {
      // Whoever stops the runtime ends its processes.
      if (this.#isClosed) return;
      note("killed", `the function's process ${reason} while it read the saved env`, "", limit);
    };
    const { rollBacks } = lane;
    lane.opening.add(worker);
    try {
      await openShard(lane, worker, {
        functionName: definition.name,
        store,
        log,
        keepsEnv: this.#keepsEnv,
        patience,
        onUnread: () => answerWaiting(lane, UNREAD),
        onDeath,
      });
    } catch (error) {
      const { message, stack = "" } = error as Error;
      note("error", `the runtime failed: ${message}`, stack, undefined);
    }
    if (lane.rollBacks !== rollBacks) {
      // What it was given may have changed meanwhile.
      worker.forget(lane.number);
      lane.isKnown = false;
    }
    lane.opening.delete(worker);
    this.pump();
  }
}

/** Answer those of a lane who wait for an answer; other events stay. */
function answerWaiting({ queue }: Lane, answer: CallAnswer): void {
  for (const delivery of queue.takeWaited()) delivery.reply(answer);
}
