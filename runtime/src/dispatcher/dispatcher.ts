import type { Publication } from "../sinks/handled.ts";
import type { OutboxParts } from "../sinks/outbox.ts";
import type { RedisStore } from "../sinks/redis-store.ts";
import type { PoolUser, WorkerPool } from "../workers/pool.ts";
import type { FailingState } from "../workers/pool-state.ts";
import type { WorkerEnd } from "../workers/transport.ts";
import type { Worker } from "../workers/worker.ts";
import { Answers } from "./answers.ts";
import { Balancing } from "./balancing.ts";
import { suspectsOf } from "./blame.ts";
import type { Delivery } from "./delivery.ts";
import { answerOfFailing } from "./failing-answer.ts";
import { Failures, type FailuresParts } from "./failures.ts";
import type { Feed } from "./feed.ts";
import type { Lane } from "./lane.ts";
import { Lanes } from "./lanes.ts";
import { RollBack } from "./roll-back.ts";
import { type PauseAnswer, Sending } from "./sending.ts";
import type { Turns } from "./turns.ts";

const STORED_OTHERWISE =
  "Redis holds something else than what this runtime stored: another one stored it, or Redis lost some; reading it anew";

/** What a {@link Dispatcher} is made of. */
export interface DispatcherParts extends FailuresParts {
  readonly store: RedisStore;
  /** The proof that this is the function's owner. */
  readonly fence: OutboxParts["fence"];
  /** What was to be stored was refused: another one may be the owner by now. */
  readonly onRefused: () => void;
  /** What these events came to is void, and nobody is to store it: they come again where they are the newest. */
  readonly onVoid: (positions: ReadonlyMap<string, string>) => void;
  /** Brings outputs to their topics; undefined once the signal has aborted. */
  readonly publish: (publications: readonly Publication[], signal: AbortSignal) => Promise<true | undefined>;
  readonly turns: Turns;
}

/**
 * Brings the events of one function to its workers, and what they come to into the store.
 *
 * waits (queue, feeds) → under way (worker) → unsaved, where `env` is kept → stored (outbox)
 *    ↑────────────────────────┴──────────────────┘ the worker ended, or an event of a feed failed: again, in order
 *
 * A worker that ends with one call under way ended by that call. With several, each of them runs again alone, so
 * that the one that ends its worker is found and the others succeed.
 *
 * An event of a feed that fails is tried again, and then put aside. Where `env` is kept it is taken back to what is
 * stored, and whatever came after that runs again.
 */
export class Dispatcher implements PoolUser<Delivery> {
  readonly #parts: DispatcherParts;
  readonly #pool: WorkerPool<Delivery>;
  readonly #lanes: Lanes;
  readonly #sending: Sending;
  readonly #rollBack: RollBack;
  readonly #keepsEnv: boolean;
  readonly #answers: Answers;
  readonly #failures: Failures;
  readonly #balancing: Balancing;
  readonly #patience = new AbortController();
  #isStopping = false;

  /** @param poolFor makes the pool that the dispatcher sends to. */
  constructor(parts: DispatcherParts, poolFor: (user: PoolUser<Delivery>) => WorkerPool<Delivery>) {
    const { definition, store, fence } = parts;
    this.#parts = parts;
    this.#keepsEnv = definition.state !== "none";
    this.#failures = new Failures(parts);
    const { signal } = this.#patience;
    this.#lanes = new Lanes({
      definition,
      store,
      signal,
      fence,
      version: () => this.#pool.version,
      publish: (publications) => parts.publish(publications, signal),
      onConflict: (lane, positions) => {
        // Before the state is read: where the function is lost, nothing of it is handled in vain until then.
        parts.onRefused();
        this.#resetLane(lane, STORED_OTHERWISE);
        parts.onVoid(positions);
      },
      onRoom: (lane) => this.#sending.wake(lane),
    });
    this.#pool = poolFor(this);
    this.#sending = new Sending({
      ...parts,
      lanes: this.#lanes,
      pool: this.#pool,
      patience: signal,
      putAside: (lane, delivery, letters) => this.#failures.putAside(lane, delivery, letters),
    });
    this.#rollBack = new RollBack(definition.state, this.#sending);
    this.#balancing = new Balancing(this.#lanes, this.#pool, (lane) => {
      this.#balance();
      this.#sending.wake(lane);
    });
    this.#answers = new Answers({
      ...parts,
      lanes: this.#lanes,
      pool: this.#pool,
      sending: this.#sending,
      failures: this.#failures,
      onSettled: () => this.#balancing.goOn(),
    });
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
      const { outputKey } = lane;
      const message = `the output key ${outputKey} is one that Gaugelet needs itself; choose another output.key`;
      this.#failures.refuse(lane, delivery, message);
      return;
    }
    lane.put(delivery);
    this.#sending.take(lane);
  }

  /** Take an event in that the function is not called with. */
  refuse(delivery: Delivery, message: string): void {
    this.#failures.refuse(this.#lanes.of(delivery.event.shard), delivery, message);
  }

  /**
   * Begin with a feed of a shard: whatever is under way of its source is void.
   *
   * @returns the position of the newest event that was handled of the source; undefined: none is stored, or there is
   * no more patience.
   */
  async open(shard: string, source: string): Promise<string | undefined> {
    const lane = this.#lanes.of(shard);
    lane.beginning += 1;
    try {
      this.#rollBack.ofSource(lane, source);
      await lane.outbox.settled;
      const position = await this.#parts.store.position(lane.outputKey, source, this.patience);
      lane.outbox.expect(source, position);
      return position;
    } finally {
      lane.beginning -= 1;
    }
  }

  /** Take events from a feed; {@link open} gave its position. */
  attach(shard: string, feed: Feed): void {
    this.#lanes.of(shard).feeds.set(feed.source, feed);
  }

  /** Take nothing more from a feed, which is closed. What is under way is finished. */
  detach(shard: string, feed: Feed): void {
    const lane = this.#lanes.of(shard);
    if (lane.feeds.get(feed.source) === feed) lane.feeds.delete(feed.source);
    lane.intake.remove(feed);
  }

  /** A feed may have something. */
  wake(shard: string, feed: Feed): void {
    const lane = this.#lanes.of(shard);
    if (lane.feeds.get(feed.source) !== feed) return;
    lane.intake.wake(feed);
    this.#sending.wake(lane);
  }

  /** Send nothing until {@link release}. */
  hold(): void {
    this.#sending.hold();
  }

  release(): void {
    this.#sending.release();
  }

  /** Send nothing until {@link resume}: events wait, and callers are told why. */
  pause(answer: PauseAnswer): void {
    this.#sending.pause(answer);
  }

  resume(): void {
    this.#sending.resume();
  }

  /** The function is somebody else's now: nothing that is not stored is of use, and what is stored may change. */
  disown(): void {
    for (const lane of this.#lanes) {
      for (const feed of lane.feeds.values()) lane.intake.remove(feed);
      this.#rollBack.ofLane(lane);
      this.#refuseWaiting(lane, "another runtime owns the function now");
    }
  }

  /** Redis came back: it may have lost what it said that it had stored, which is handled again then. */
  async checkStored(): Promise<void> {
    for (const lane of this.#lanes) {
      const isAsStored = await lane.outbox.isAsStored([...lane.feeds.keys()]);
      if (!isAsStored) this.#resetLane(lane, "Redis lost what it had stored: going on from what it has");
    }
  }

  onReady(worker: Worker<Delivery>): void {
    this.#sending.add(worker);
    worker.listen({
      onResult: (delivery, result) => this.#answers.hear(worker, delivery, result),
      onSaved: (shard, saved) => this.#answers.hearSaved(worker, shard, saved),
    });
    this.#balance();
    this.#sending.pump();
  }

  onResumed(): void {
    this.#sending.pump();
  }

  /** Nobody is kept waiting for what may never come; events stay. */
  onFailing(failing: FailingState): void {
    this.#sending.answerWaiting(answerOfFailing(failing));
  }

  onLost(worker: Worker<Delivery>, end: WorkerEnd): void {
    this.#sending.remove(worker);
    const held = this.#lanes.heldBy(worker);
    const unsaved = held.flatMap((lane) => lane.unsaved.splice(0));
    const { unanswered } = worker;
    for (const lane of held) lane.worker = undefined;
    for (const { event } of unanswered) this.#lanes.of(event.shard).underWay -= 1;
    this.#sending.hearQuiet(worker);
    if (this.#isStopping) return;
    const underWay = unanswered.filter(({ isVoid }) => !isVoid);
    const { suspects, areToBlame } = suspectsOf(underWay, unsaved, end);
    for (const suspect of suspects) suspect.isSuspect = true;
    // One that is void may have been the one as well.
    const areKnown = areToBlame && underWay.length === unanswered.length;
    // Those that were answered came first.
    const again = [...unsaved, ...underWay].flatMap((delivery) =>
      areKnown && suspects.includes(delivery)
        ? this.#failures.blame(this.#lanes.of(delivery.event.shard), delivery, worker, end)
        : [delivery],
    );
    this.#putBack(again);
    this.#balancing.goOn();
    this.#sending.pump();
  }

  onMoved(from: Worker<Delivery>, to: Worker<Delivery> | undefined): void {
    for (const lane of this.#lanes.heldBy(from)) lane.worker = to;
    this.#sending.remove(from);
    this.#sending.pump();
  }

  async quiet(worker: Worker<Delivery>): Promise<void> {
    await this.#sending.quiet(worker);
  }

  nameOf(shard: number): { readonly name: string; readonly outputKey: string } {
    const lane = this.#lanes.at(shard);
    return { name: lane?.shard ?? "", outputKey: lane?.outputKey ?? "" };
  }

  /** Nothing new from now on; what waits is answered. */
  close(): void {
    this.#isStopping = true;
    this.#sending.close();
    for (const lane of this.#lanes) this.#refuseWaiting(lane, "the runtime stops");
  }

  /** Settles when what is under way is answered and stored. */
  async drained(): Promise<void> {
    await Promise.all([...this.#sending.workers].map((worker) => this.quiet(worker)));
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

  #balance(): void {
    if (this.#keepsEnv && !this.#isStopping) this.#balancing.begin();
  }

  /** What a lane has not stored is void: its `env` is read anew, and so are its feeds. */
  #resetLane(lane: Lane, why: string): void {
    if (this.#isStopping) return;
    this.#rollBack.ofLane(lane);
    this.#parts.log.warn({ outputKey: lane.outputKey }, why);
    for (const feed of lane.feeds.values()) feed.rewind();
    this.#sending.wake(lane);
  }

  #refuseWaiting({ queue }: Lane, message: string): void {
    for (const delivery of queue.clear()) delivery.reply({ outcome: "unavailable", message, details: "" });
  }

  /** To the front of their lanes, in their order. */
  #putBack(deliveries: readonly Delivery[]): void {
    for (const [shard, ofShard] of Map.groupBy(deliveries, ({ event }) => event.shard)) {
      const lane = this.#lanes.of(shard);
      lane.putBack(ofShard);
    }
    // A newer event may have waited for one that is given up.
    this.#sending.wakeAll();
  }
}
