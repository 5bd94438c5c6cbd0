import { type FunctionDefinition, outputKeyOf } from "../configuration/manifest.ts";
import { Outbox } from "../sinks/outbox.ts";
import type { RedisStore } from "../sinks/redis-store.ts";
import type { Worker } from "../workers/worker.ts";
import type { Delivery } from "./delivery.ts";
import { entryOf } from "./entry.ts";
import { Lane } from "./lane.ts";

/** The lanes of one function, made as their shards' first events come. */
export class Lanes implements Iterable<Lane> {
  readonly #definition: FunctionDefinition;
  readonly #store: RedisStore;
  readonly #version: () => string;
  readonly #patience: AbortSignal;
  readonly #byNumber: Lane[] = [];
  readonly #byShard = new Map<string, Lane>();

  /**
   * @param version of the code that runs.
   * @param patience ends the outboxes' patience with Redis.
   */
  constructor(
    definition: FunctionDefinition,
    store: RedisStore,
    version: () => string,
    patience: AbortSignal,
  ) {
    this.#definition = definition;
    this.#store = store;
    this.#version = version;
    this.#patience = patience;
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
    const outputKey = outputKeyOf(this.#definition, shard);
    const entry = () => entryOf(this.#definition, shard, this.#version());
    const outbox = new Outbox(outputKey, entry, this.#store, this.#patience);
    const lane = new Lane(this.#byNumber.length, shard, outputKey, outbox);
    this.#byNumber.push(lane);
    this.#byShard.set(shard, lane);
    return lane;
  }
}
