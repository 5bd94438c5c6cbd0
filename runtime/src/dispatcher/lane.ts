import { isReservedKey } from "@gaugelet/shared/keys";
import type { Outbox } from "../sinks/outbox.ts";
import type { Worker } from "../workers/worker.ts";
import type { Delivery } from "./delivery.ts";
import { DeliveryQueue } from "./delivery-queue.ts";

/** The way of one shard's events: they wait, run and are stored in their order. A function without shards has one. */
export class Lane {
  /** What workers call the shard by. */
  readonly number: number;
  readonly shard: string;
  readonly outputKey: string;
  /** Whether the output key is one that Gaugelet needs itself. */
  readonly isReserved: boolean;
  readonly outbox: Outbox;
  readonly queue = new DeliveryQueue();
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
  /** Calls that succeeded, whose `env` has not come yet: after a crash they run again. Oldest first. */
  unsaved: Delivery[] = [];
  /** How often in a row a process ended that read the saved `env`. */
  deathsAtRestore = 0;
  /** Whether what was stored before has been looked up. */
  isKnown = false;

  constructor(number: number, shard: string, outputKey: string, outbox: Outbox) {
    this.number = number;
    this.shard = shard;
    this.outputKey = outputKey;
    this.isReserved = isReservedKey(outputKey);
    this.outbox = outbox;
  }

  /** Whether there is nothing to wait for before its `env` can be taken. */
  get isQuiet(): boolean {
    return this.underWay === 0 && this.unsaved.length === 0;
  }

  /** Take out the calls up to one, whose `env` has come. */
  takeSaved(id: number): Delivery[] {
    // Numbers of calls begin again after 2^32.
    const isLater = (delivery: Delivery): boolean => ((delivery.id - id) | 0) > 0;
    const count = this.unsaved.findIndex(isLater);
    return this.unsaved.splice(0, count === -1 ? this.unsaved.length : count);
  }
}
