import type { Gathered } from "../sinks/handled.ts";
import type { Delivery } from "./delivery.ts";
import type { TakesTurns } from "./round-robin.ts";

/** Something that deliveries are taken from, one after the other. */
export interface Flow extends TakesTurns {
  /** Its part where several have something: twice the weight, twice as many. */
  readonly weight: number;
  /** The next one, which stays; undefined where there is none now. */
  peek(now: number): Delivery | undefined;
  /** Take out what `peek` gave. */
  take(): Delivery | undefined;
}

/** How often and when an event that failed is tried again. */
export interface RetryPolicy {
  /** The first one included. */
  readonly attempts: number;
  /** Seconds, growing from one to the other. */
  readonly backoff: { readonly from: number; readonly to: number };
}

/**
 * Events of one source that nobody may lose, such as a topic's partition: each of them is over when it succeeded, or
 * is kept elsewhere, and what failed can be tried again.
 */
export interface Feed extends Flow {
  /** Where its events come from, and what their positions are stored under. */
  readonly source: string;
  /** Nothing more is taken from it, and what is put back is dropped: its source is somebody else's. */
  readonly isClosed: boolean;
  /** Put deliveries in front again, in their order. What comes after one that is not due yet waits with it. */
  putBack(deliveries: readonly Delivery[]): void;
  /** A delivery is over, whatever it came to. */
  over(delivery: Delivery): void;
  /** Add what there is to store of all that are over since the last time: positions of sources, and the like. */
  settle(handled: Gathered): void;
  /** The delivery as several smaller ones, where it holds several events; undefined where it does not. */
  split(delivery: Delivery): readonly Delivery[] | undefined;
  /** Everything up to this position is stored. */
  stored(position: string): void;
  /** Read the source anew, from what is stored on: what was taken from it is void. */
  rewind(): void;
}
