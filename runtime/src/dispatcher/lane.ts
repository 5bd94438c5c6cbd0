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
  readonly outbox: Outbox;
  readonly queue = new DeliveryQueue();
  /** The worker that holds the `env`; undefined where there is none to hold, or no worker has it. */
  worker: Worker<Delivery> | undefined;
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
    this.outbox = outbox;
  }

  /** Take out the calls up to one, whose `env` has come. */
  takeSaved(id: number): Delivery[] {
    // Numbers of calls begin again after 2^32.
    const isLater = (delivery: Delivery): boolean => ((delivery.id - id) | 0) > 0;
    const count = this.unsaved.findIndex(isLater);
    return this.unsaved.splice(0, count === -1 ? this.unsaved.length : count);
  }
}
