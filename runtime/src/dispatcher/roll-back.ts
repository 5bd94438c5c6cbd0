import type { FunctionDefinition } from "../configuration/manifest.ts";
import type { Delivery } from "./delivery.ts";
import type { Lane } from "./lane.ts";
import type { Sending } from "./sending.ts";

/** Takes lanes back to what is stored: what was sent since then is void, and runs again from here or is read anew. */
export class RollBack {
  readonly #state: FunctionDefinition["state"];
  readonly #sending: Sending;

  constructor(state: FunctionDefinition["state"], sending: Sending) {
    this.#state = state;
    this.#sending = sending;
  }

  /** All of a lane that came from feeds is read anew, by whoever owns it; what came by itself runs again. */
  ofLane(lane: Lane): void {
    this.#rollBack(lane, ({ entry }) => entry === undefined);
  }

  /** One source of a lane is read anew: what is under way of it is void. */
  ofSource(lane: Lane, source: string): void {
    const isOfSource = ({ entry }: Delivery): boolean => entry?.feed.source === source;
    // The env of a partition may have been somebody else's until now.
    if (this.#state === "partition") this.ofLane(lane);
    else if (this.#state === "none") {
      for (const delivery of this.#notStored(lane)) if (isOfSource(delivery)) delivery.isVoid = true;
    } else if (this.#notStored(lane).some(isOfSource)) {
      this.#rollBack(lane, (delivery) => !isOfSource(delivery));
    }
  }

  /** Take the `env` back to what is stored. @param isKept whether what was sent since then runs again, from here. */
  #rollBack(lane: Lane, isKept: (delivery: Delivery) => boolean): void {
    const again = this.#notStored(lane).map((delivery) => delivery.renewed());
    lane.rollBacks += 1;
    for (const each of lane.unsaved.splice(0)) {
      // Its env will not come.
      if (lane.worker !== undefined) this.#sending.acquit(lane.worker, each);
    }
    for (const worker of this.#sending.workers) worker.forget(lane.number);
    lane.isKnown = false;
    lane.putBack(again.filter(isKept));
    for (const worker of this.#sending.workers)
      if (this.#sending.isQuiet(worker)) this.#sending.hearQuiet(worker);
  }

  /** What of a lane was sent and is not stored, nor on its way there; oldest first. */
  #notStored(lane: Lane): Delivery[] {
    return [...lane.unsaved, ...[...this.#sending.workers].flatMap((worker) => lane.unansweredBy(worker))];
  }
}
