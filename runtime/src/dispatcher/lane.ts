import type { Outbox } from "../sinks/outbox.ts";
import type { Worker } from "../workers/worker.ts";
import type { Delivery } from "./delivery.ts";
import { DeliveryQueue } from "./delivery-queue.ts";
import type { Feed } from "./feed.ts";
import { Intake } from "./intake.ts";
import type { TakesTurns } from "./round-robin.ts";

/** After so long without an event a lane may be let go: what it was of is read anew with the next one. */
const REST_MILLISECONDS = 10 * 60_000;

/** The way of one shard's events: they wait, run and are stored in their order. A function without shards has one. */
export class Lane implements TakesTurns {
  /** What workers call the shard by. */
  readonly number: number;
  readonly shard: string;
  readonly outputKey: string;
  /** Whether the output key is one that Gaugelet needs itself, or another function. */
  readonly isReserved: boolean;
  readonly outbox: Outbox;
  /** Events that came by themselves. */
  readonly queue = new DeliveryQueue();
  /** Sources that events are fetched from, by their names. */
  readonly feeds = new Map<string, Feed>();
  readonly intake = new Intake();
  isInTurn = false;
  /** When an event came by itself last, on the clock of performance.now(). */
  usedAt = performance.now();
  /** Feeds that are about to begin. */
  beginning = 0;
  /** False where its worker alone has the `env` as it is: it could not be saved, or the last call failed. */
  isEnvSaved = true;
  /** The worker that holds the `env`; undefined where there is none to hold, or no worker has it. */
  worker: Worker<Delivery> | undefined;
  /** Calls that are under way. */
  underWay = 0;
  /** Nothing is sent while the `env` goes to another worker. */
  isMoving = false;
  /** False once its `env` could not be given to another worker. */
  canMove = true;
  /** Workers that are being given the shard. */
  readonly opening = new Set<Worker<Delivery>>();
  /** Counts how often its `env` was taken back to what is stored: one from before is not to be used. */
  rollBacks = 0;
  /** Calls that are over, whose `env` has not come yet: after a crash they run again. Oldest first. */
  unsaved: Delivery[] = [];
  /** How often in a row a process ended that read the saved `env`. */
  deathsAtRestore = 0;
  /** Whether what was stored before has been looked up. */
  isKnown = false;
  /** Whether that takes long, because Redis is away: whoever waits for an answer gets none now. */
  isUnread = false;

  constructor(number: number, shard: string, outputKey: string, isReserved: boolean, outbox: Outbox) {
    this.number = number;
    this.shard = shard;
    this.outputKey = outputKey;
    this.isReserved = isReserved;
    this.outbox = outbox;
  }

  /** Whether there is nothing to wait for before its `env` can be taken. */
  get isQuiet(): boolean {
    return this.underWay === 0 && this.unsaved.length === 0;
  }

  /** Whether nothing has come for long. */
  hasRested(now: number): boolean {
    return now - this.usedAt >= REST_MILLISECONDS;
  }

  /** Whether nothing would be lost with it: all of it is stored, and nobody is at it. */
  get canGo(): boolean {
    return (
      this.isQuiet &&
      this.queue.isEmpty &&
      this.feeds.size === 0 &&
      this.beginning === 0 &&
      this.opening.size === 0 &&
      !this.isInTurn &&
      !this.isMoving &&
      this.isEnvSaved &&
      this.outbox.canGo
    );
  }

  /** Let an event wait its turn. */
  put(delivery: Delivery): void {
    this.usedAt = delivery.event.receivedAt;
    this.queue.put(delivery);
    this.intake.wake(this.queue);
  }

  /** A delivery is answered or given up: a newer one may have waited for it. */
  done(delivery: Delivery): void {
    this.queue.done(delivery);
    if (this.queue.size > 0) this.intake.wake(this.queue);
  }

  /** Put deliveries that were under way in front again, in their order, each where it came from. */
  putBack(deliveries: readonly Delivery[]): void {
    const ofFeeds = Map.groupBy(deliveries, ({ entry }) => entry?.feed);
    for (const [feed, ofFeed] of ofFeeds) {
      if (feed === undefined) {
        this.queue.putBack(ofFeed);
        this.intake.wake(this.queue);
      } else if (!feed.isClosed) {
        feed.putBack(ofFeed);
        this.intake.wake(feed);
      }
    }
  }

  /** Its events that a worker has not answered yet and that still count, oldest first. */
  unansweredBy(worker: Worker<Delivery>): Delivery[] {
    return worker.unanswered.filter(({ event, isVoid }) => event.shard === this.shard && !isVoid);
  }

  /** Take the calls out up to one, whose `env` has come. */
  takeSaved(id: number): Delivery[] {
    // Numbers of calls begin again after 2^32.
    const isLater = (delivery: Delivery): boolean => ((delivery.id - id) | 0) > 0;
    const count = this.unsaved.findIndex(isLater);
    return this.unsaved.splice(0, count === -1 ? this.unsaved.length : count);
  }
}
