import Denque from "denque";
import type { TopicTriggerSpec } from "../../configuration/triggers.ts";
import { Delivery } from "../../dispatcher/delivery.ts";
import type { Feed, RetryPolicy } from "../../dispatcher/feed.ts";
import type { Gathered } from "../../sinks/handled.ts";
import { givenId, MAX_HOPS } from "../../topics/headers.ts";
import type { Consumer, Partition, TopicEvent } from "../../topics/topics.ts";
import { Arrivals } from "./arrivals.ts";
import { TopicEntry } from "./topic-entry.ts";

/**
 * Events that wait here, or as many as a batch has where that is more; beyond, the partition is paused, until half of
 * them are taken. It is what is handled while the next ones are fetched: more would only grow old in memory, where
 * they cost more to clear away.
 */
const MOST_WAITING = 1_000;
/** Bytes of events that wait in all feeds of the runtime; each has its part. */
const MOST_BYTES = 64 * 1024 ** 2;
const MOST_BYTES_OF_ONE = 2 * 1024 ** 2;
const FEWEST_BYTES_OF_ONE = 256 * 1024;
/** Events that are taken and not over: one that takes long must not let the list of those after it grow for ever. */
const MOST_UNDER_WAY = 10_000;

/** Names that are kept here as well: what is over is soon in Redis, and a copy may come sooner. */
const MOST_HELD = 20_000;

/** How many feeds there are, which share the memory. */
let feeds = 0;

/** What of a trigger its feeds go by. */
type PartitionSpec = Pick<TopicTriggerSpec, "retries" | "batch">;

/** What a {@link PartitionFeed} is made of. */
export interface PartitionFeedParts {
  readonly partition: Partition;
  readonly shard: string;
  readonly spec: PartitionSpec;
  readonly weight: number;
  readonly consumer: () => Pick<Consumer, "pause" | "resume" | "rewind" | "commit">;
  readonly hasNumericOffsets: boolean;
  /** There is something that was not there, or not due, before. */
  readonly onReady: () => void;
}

/** The events of one partition, in their order. */
export class PartitionFeed implements Feed {
  readonly #parts: PartitionFeedParts;
  #spec: PartitionSpec;
  #weight: number;
  readonly #arrivals = new Arrivals();
  #isPaused = false;
  /** Deliveries that were taken and come again, before everything else. */
  #returned: Delivery[] = [];
  #next: Delivery | undefined;
  /** Events that are taken, oldest first, up to the oldest that is not over. */
  readonly #underWay = new Denque<TopicEntry>();
  /** Events of a batch that are given one by one. */
  #released = 0;
  #settled: string | undefined;
  #seen: string[] = [];
  /** Names of events that came and are not stored. */
  readonly #held = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  isInTurn = false;
  isClosed = false;

  constructor(parts: PartitionFeedParts) {
    this.#parts = parts;
    this.#spec = parts.spec;
    this.#weight = parts.weight;
    feeds += 1;
  }

  get source(): string {
    return this.#parts.partition.source;
  }

  get shard(): string {
    return this.#parts.shard;
  }

  get topic(): string {
    return this.#parts.partition.topic;
  }

  get partition(): number {
    return this.#parts.partition.number;
  }

  get hasNumericOffsets(): boolean {
    return this.#parts.hasNumericOffsets;
  }

  /** Itself, as what its entries have in common. */
  get feed(): Feed {
    return this;
  }

  get weight(): number {
    return this.#weight;
  }

  /** Go by this from now on. */
  update(spec: PartitionSpec, weight: number): void {
    this.#spec = spec;
    this.#weight = weight;
    this.#released = 0;
  }

  /** Whether an event of this name came, and is not known to be stored. */
  holds(id: string): boolean {
    return this.#held.has(id);
  }

  hold(id: string): void {
    this.#held.add(id);
  }

  get retries(): RetryPolicy {
    return this.#spec.retries;
  }

  /** Unix milliseconds of the oldest event that is here and not over; undefined: there is none. */
  get oldest(): number | undefined {
    const taken = this.#underWay.peekFront() ?? this.#next?.entry;
    if (taken instanceof TopicEntry) return taken.event.timestamp;
    return this.#arrivals.oldest?.timestamp;
  }

  get #mostWaiting(): number {
    return Math.max(MOST_WAITING, this.#spec.batch?.size ?? 0);
  }

  /** Events that came, in their order. */
  add(events: readonly TopicEvent[]): void {
    if (events.length === 0 || this.isClosed) return;
    this.#arrivals.add(events);
    this.#pauseIfFull();
    this.#parts.onReady();
  }

  /** Events that came, and of which it is not known yet whether they are to be handled: these take memory as well. */
  expect(events: readonly TopicEvent[]): void {
    this.#arrivals.expect(events);
    this.#pauseIfFull();
  }

  /** {@link add} those that are to be handled of events that were expected. */
  addExpected(expected: readonly TopicEvent[], events: readonly TopicEvent[]): void {
    // Its partition may be read by another feed by now, which pauses and resumes it.
    if (this.isClosed) return;
    this.#arrivals.addExpected(expected, events);
    this.#pauseIfFull();
    if (events.length > 0) this.#parts.onReady();
    this.#resumeIfRoom();
  }

  peek(now: number): Delivery | undefined {
    const [returned] = this.#returned;
    if (returned !== undefined) {
      if (returned.notBefore <= now) return returned;
      this.#readyIn(returned.notBefore - now);
      return undefined;
    }
    if (this.#underWay.length >= MOST_UNDER_WAY) return undefined;
    this.#next ??= this.#build(now);
    return this.#next;
  }

  take(): Delivery | undefined {
    const returned = this.#returned.shift();
    if (returned !== undefined) return returned;
    const next = this.#next;
    if (next === undefined) return undefined;
    this.#next = undefined;
    this.#underWay.push(next.entry as TopicEntry);
    return next;
  }

  putBack(deliveries: readonly Delivery[]): void {
    this.#returned = [...deliveries, ...this.#returned];
  }

  over({ entry }: Delivery): void {
    if (!(entry instanceof TopicEntry) || entry.isOver) return;
    entry.isOver = true;
    for (const event of entry.list ?? [entry.event]) {
      const id = givenId(event.headers);
      if (id !== undefined) this.#seen.push(id);
    }
    const wasFull = this.#underWay.length >= MOST_UNDER_WAY;
    let first = this.#underWay.peekFront();
    while (first?.isOver) {
      this.#settled = first.event.position;
      this.#underWay.shift();
      first = this.#underWay.peekFront();
    }
    if (wasFull && this.#underWay.length < MOST_UNDER_WAY) this.#parts.onReady();
  }

  settle(handled: Gathered): void {
    if (this.#seen.length > 0) {
      for (const id of this.#seen) handled.seen.push(id);
      if (this.#held.size > MOST_HELD) for (const id of this.#seen) this.#held.delete(id);
      this.#seen = [];
    }
    // Also where it is closed: whoever has the partition now has it from there on, or this is not stored.
    if (this.#settled !== undefined) handled.positions.set(this.source, this.#settled);
    this.#settled = undefined;
  }

  split({ entry, event }: Delivery): readonly Delivery[] | undefined {
    if (!(entry instanceof TopicEntry) || entry.list === undefined || entry.list.length < 2) return undefined;
    const entries = entry.list.map((each) => new TopicEntry(this, each, event.receivedAt, [each]));
    const at = this.#underWay.toArray().indexOf(entry);
    if (at !== -1) this.#underWay.splice(at, 1, ...entries);
    return entries.map((each) => new Delivery(each, undefined, undefined, each));
  }

  stored(position: string): void {
    if (!this.isClosed) this.#parts.consumer().commit(this.#parts.partition, position);
  }

  rewind(): void {
    if (!this.isClosed) this.#parts.consumer().rewind(this.#parts.partition);
  }

  /** Give nothing any more. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    feeds -= 1;
    clearTimeout(this.#timer);
    this.#arrivals.clear();
    this.#returned = [];
    this.#next = undefined;
  }

  #build(now: number): Delivery | undefined {
    if (this.isClosed || !this.#isBatchDue(now)) return undefined;
    const { batch } = this.#spec;
    const receivedAt = this.#arrivals.receivedAt ?? now;
    const first = this.#shift();
    if (first === undefined) return undefined;
    const list = batch?.list ? [first, ...this.#shiftMore(batch.size - 1)] : undefined;
    const entry = new TopicEntry(this, list?.at(-1) ?? first, receivedAt, list);
    const delivery = new Delivery(entry, undefined, undefined, entry);
    if (entry.hops > MAX_HOPS) delivery.letters = entry.letters(loopError(entry.hops), "", 0);
    return delivery;
  }

  /** Whether there are as many as a batch has, or the oldest has waited for as long as it may. */
  #isBatchDue(now: number): boolean {
    const { batch } = this.#spec;
    if (batch === undefined) return true;
    if (this.#released > 0) {
      this.#released -= 1;
      return true;
    }
    const receivedAt = this.#arrivals.receivedAt;
    if (receivedAt === undefined) return false;
    const waitsFor = receivedAt + batch.wait * 1000 - now;
    if (this.#arrivals.waiting < batch.size && waitsFor > 0) {
      this.#readyIn(waitsFor);
      return false;
    }
    if (!batch.list) this.#released = Math.min(batch.size, this.#arrivals.waiting) - 1;
    return true;
  }

  #shift(): TopicEvent | undefined {
    const event = this.#arrivals.shift();
    this.#resumeIfRoom();
    return event;
  }

  #pauseIfFull(): void {
    const { count, bytes } = this.#arrivals;
    if (this.#isPaused || (count <= this.#mostWaiting && bytes <= mostBytes())) return;
    this.#isPaused = true;
    this.#parts.consumer().pause(this.#parts.partition);
  }

  #resumeIfRoom(): void {
    if (!this.#isPaused) return;
    const { count, bytes } = this.#arrivals;
    if (count > this.#mostWaiting / 2 || bytes > mostBytes() / 2) return;
    this.#isPaused = false;
    this.#parts.consumer().resume(this.#parts.partition);
  }

  #shiftMore(most: number): TopicEvent[] {
    const more: TopicEvent[] = [];
    while (more.length < most) {
      const event = this.#shift();
      if (event === undefined) break;
      more.push(event);
    }
    return more;
  }

  #readyIn(milliseconds: number): void {
    clearTimeout(this.#timer);
    // Timers may be early by a fraction.
    this.#timer = setTimeout(() => this.#parts.onReady(), milliseconds + 1);
  }
}

function mostBytes(): number {
  return Math.max(FEWEST_BYTES_OF_ONE, Math.min(MOST_BYTES_OF_ONE, MOST_BYTES / Math.max(1, feeds)));
}

function loopError(hops: number): string {
  return (
    `the event has come through ${hops} functions, more than ${MAX_HOPS}: output.topics of some of them lead back ` +
    "to where they get their events from; take one of these topics out"
  );
}
