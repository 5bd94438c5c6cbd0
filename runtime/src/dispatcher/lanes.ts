import { type FunctionDefinition, outputKeyOf } from "../configuration/manifest.ts";
import { Outbox, type OutboxParts } from "../sinks/outbox.ts";
import type { Worker } from "../workers/worker.ts";
import type { Delivery } from "./delivery.ts";
import { entryOf } from "./entry.ts";
import { isForeignKey } from "./foreign-key.ts";
import { Lane } from "./lane.ts";

/** What the outboxes of all lanes have in common. */
export interface LanesParts extends Pick<OutboxParts, "store" | "signal" | "fence" | "publish"> {
  readonly definition: FunctionDefinition;
  /** Version of the code that runs. */
  readonly version: () => string;
  /** What a lane had not stored yet is void, of these positions. */
  readonly onConflict: (lane: Lane, positions: ReadonlyMap<string, string>) => void;
  /** The outbox of a lane was full and is not any more. */
  readonly onRoom: (lane: Lane) => void;
}

/** With each new lane so many are looked at, whether they have rested: callers may name ever new shards. */
const LOOKS = 2;

/** The lanes of one function, made as their shards' first events come, in the place of ones that have rested for long. */
export class Lanes implements Iterable<Lane> {
  readonly #parts: LanesParts;
  readonly #byNumber: Lane[] = [];
  readonly #byShard = new Map<string, Lane>();
  /** Number of the lane that was looked at last. */
  #looked = 0;

  constructor(parts: LanesParts) {
    this.#parts = parts;
  }

  [Symbol.iterator](): Iterator<Lane> {
    return this.#byNumber.values();
  }

  /** The lane of a shard; "" where the function has none. */
  of(shard: string): Lane {
    return this.#byShard.get(shard) ?? this.#make(shard);
  }

  /** The lane that workers call by this number, where there is one: they may make numbers up. */
  at(number: number): Lane | undefined {
    return this.#byNumber[number];
  }

  /** The lanes whose `env` a worker holds. */
  heldBy(worker: Worker<Delivery>): Lane[] {
    return this.#byNumber.filter((lane) => lane.worker === worker);
  }

  #make(shard: string): Lane {
    const { definition, version, onConflict, onRoom, store, signal, fence, publish } = this.#parts;
    const outputKey = outputKeyOf(definition, shard);
    const outbox = new Outbox({
      outputKey,
      functionName: definition.name,
      store,
      signal,
      fence,
      publish,
      entryNow: () => entryOf(definition, shard, version()),
      onConflict: (positions) => onConflict(lane, positions),
      onRoom: () => onRoom(lane),
      onPositions: (positions) => {
        for (const [source, position] of positions) lane.feeds.get(source)?.stored(position);
      },
    });
    const number = this.#letGo() ?? this.#byNumber.length;
    const lane = new Lane(number, shard, outputKey, isForeignKey(outputKey, definition), outbox);
    this.#byNumber[number] = lane;
    this.#byShard.set(shard, lane);
    return lane;
  }

  /** Let a lane go that has rested. @returns its number, by which its worker lets the `env` go when it is used again. */
  #letGo(): number | undefined {
    const now = performance.now();
    for (let looks = 0; looks < LOOKS; looks += 1) {
      this.#looked = (this.#looked + 1) % Math.max(1, this.#byNumber.length);
      const lane = this.#byNumber[this.#looked];
      if (lane === undefined || !lane.hasRested(now) || !lane.canGo) continue;
      lane.worker?.forget(lane.number);
      this.#byShard.delete(lane.shard);
      return lane.number;
    }
    return undefined;
  }
}
