import type { Redis } from "ioredis";
import { empty, type StreamEntry } from "./entries.ts";

/** Topics that are waited for together: each costs every event of the others a little. */
const MOST_TOPICS = 16;
/** How long Redis holds a read back; a topic that is not part of it yet is part of the next one. */
const BLOCK_MILLISECONDS = 1_000;
const RETRY_MILLISECONDS = 1_000;

/** A topic whose next event can be waited for. */
export interface Awaited {
  readonly key: string;
  /** The position after which a new event would be, where it is only waited for; else undefined. */
  readonly waitsAfter: string | undefined;
  /** How many of its events may be read at once: what a reply is bounds the memory that it takes. */
  readonly mostAtOnce: number;
  /** There may be something new. */
  poke(): void;
  /**
   * Events came.
   *
   * @param after the position that they follow.
   * @param mayBeMore whether others may follow them.
   */
  take(after: string, entries: readonly StreamEntry[], mayBeMore: boolean): void;
}

/** By their keys: topics that are read, and the position after which. */
type Read = ReadonlyMap<string, { readonly after: string; readonly topics: readonly Awaited[] }>;

/**
 * A read that Redis answers once there is something: an event of a topic with little to do comes by one step instead
 * of two, the word that there is something new and the read of it. It is for the topics that had events last; all
 * others, and what it misses, are read as their changes are told.
 */
export class WaitingRead {
  readonly #redis: Redis;
  /** Those that had events last, the newest at the end. */
  readonly #recent = new Set<Awaited>();
  /** What is read now: topics by key, and positions. */
  #read: Read | undefined;
  /** The next read is about to begin, of all that is waited for by then. */
  #isSoonRead = false;
  #retry: NodeJS.Timeout | undefined;
  #stopped = false;

  /** @param redis a connection of its own: it answers nothing else meanwhile. */
  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /** It has events now, and will soon be waited for. */
  touch(topic: Awaited): void {
    this.#recent.delete(topic);
    this.#recent.add(topic);
    if (this.#recent.size <= MOST_TOPICS) return;
    for (const oldest of this.#recent) {
      this.#recent.delete(oldest);
      return;
    }
  }

  drop(topic: Awaited): void {
    this.#recent.delete(topic);
  }

  /** Whether a new event of this topic is about to come by itself. */
  covers(topic: Awaited): boolean {
    if (this.#isSoonRead) return topic.waitsAfter !== undefined && this.#recent.has(topic);
    const read = this.#read?.get(topic.key);
    return read !== undefined && read.after === topic.waitsAfter && read.topics.includes(topic);
  }

  /** Something is waited for that was not. */
  wake(): void {
    if (this.#read !== undefined || this.#retry !== undefined || this.#stopped) return;
    if (this.#redis.status === "ready") void this.#readOnce();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#retry);
    this.#redis.disconnect();
  }

  /** Never throws. */
  async #readOnce(): Promise<void> {
    const read = this.#choose();
    if (read.size === 0) return;
    this.#read = read;
    const count = Math.min(
      ...[...read.values()].flatMap(({ topics }) => topics.map((each) => each.mostAtOnce)),
    );
    const positions = [...read.values()].map(({ after }) => after);
    let found: [Buffer, StreamEntry[]][] | null;
    try {
      found = (await this.#redis.xreadBuffer(
        "COUNT",
        count,
        "BLOCK",
        BLOCK_MILLISECONDS,
        "STREAMS",
        ...read.keys(),
        ...positions,
      )) as [Buffer, StreamEntry[]][] | null;
    } catch {
      this.#fail(read);
      return;
    }
    this.#read = undefined;
    for (const [name, entries] of found ?? []) {
      const { after = "", topics = [] } = read.get(name.toString()) ?? {};
      for (const topic of topics) topic.take(after, entries, entries.length === count);
      empty(entries);
    }
    // What came goes to its workers first.
    this.#isSoonRead = true;
    setImmediate(() => {
      this.#isSoonRead = false;
      this.wake();
    });
  }

  /** Each finds out by itself what is wrong. */
  #fail(read: Read): void {
    this.#read = undefined;
    if (this.#stopped) return;
    for (const { topics } of read.values()) for (const topic of topics) topic.poke();
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.wake();
    }, RETRY_MILLISECONDS);
  }

  /** Of functions that read the same topic, those that are as far as the first. */
  #choose(): Read {
    const read = new Map<string, { readonly after: string; readonly topics: Awaited[] }>();
    for (const topic of this.#recent) {
      const after = topic.waitsAfter;
      if (after === undefined) continue;
      const known = read.get(topic.key);
      if (known === undefined) read.set(topic.key, { after, topics: [topic] });
      else if (known.after === after) known.topics.push(topic);
    }
    return read;
  }
}
