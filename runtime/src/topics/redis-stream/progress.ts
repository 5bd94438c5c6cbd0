import type { Redis } from "ioredis";
import type { TopicEvent } from "../topics.ts";
import { BatchSize } from "./batch-size.ts";
import { compareIds } from "./ids.ts";
import type { ScriptedRedis } from "./scripts.ts";
import { countBetween, type GroupInfo, streamInfo } from "./stream-info.ts";

/** Positions that are kept to know their number by; of older ones a commit leaves the number out. */
const MOST_POSITIONS = 100_000;
/** What a restart counts at most: the events handled between two commits are fewer. */
const MOST_COUNTED = 100_000;
/** How often the number is compared with Redis' own, which also counts what was dropped before we read it. */
const COMPARE_EVERY_MILLISECONDS = 10_000;

interface Batch {
  readonly positions: readonly string[];
  /** How many events were read before it. */
  readonly before: number;
}

/**
 * How far a group is in a stream, as Redis keeps it for everyone to see (`XINFO GROUPS`): the position of the last
 * event that was handled, and how many events there were up to it, from which Redis knows the lag.
 */
export class Progress {
  readonly #redis: ScriptedRedis;
  readonly #key: string;
  readonly #group: string;
  readonly #batches: Batch[] = [];
  #positions = 0;
  /** Events read since the beginning. */
  #read = 0;
  #from: string | undefined;
  /** Events there were up to where we began; null: not known, and Redis knows no lag until we reach the end. */
  #base: number | null = null;
  #compareAt = 0;
  #noted: string | undefined;
  /** Nothing was written since reading began: where it began wins over what the group said then. */
  #isBeginning = false;
  /** Where the group was when reading began. */
  #groupWasAt: string | undefined;
  #writing: Promise<void> | undefined;

  constructor(redis: ScriptedRedis, key: string, group: string) {
    this.#redis = redis;
    this.#key = key;
    this.#group = group;
  }

  /**
   * Find out how many events there were up to where reading begins.
   *
   * @param known of the group, from before.
   */
  async begin(from: string, known: GroupInfo): Promise<void> {
    this.#from = from;
    this.#groupWasAt = known.position;
    const info = await streamInfo(this.#redis, this.#key);
    const base = (): number | null | Promise<number | null> => {
      if (info.added === null) return null;
      if (compareIds(from, info.newest) >= 0) return info.added;
      if (info.oldest === null || compareIds(from, info.oldest) < 0) return info.added - info.length;
      if (known.read === null) return null;
      return this.#count(known.position, known.read, from);
    };
    const found = await base();
    // What was found at the end meanwhile is as good.
    this.#base ??= found;
    // The stored position is what the group is at; and a group that was just made has no number yet.
    if (from === known.position && known.read === this.#base) return;
    this.#noted ??= from;
    this.#isBeginning = true;
  }

  /** From the number of events up to one position, that up to another. */
  async #count(position: string, read: number, from: string): Promise<number | null> {
    const ahead = compareIds(from, position);
    if (ahead === 0) return read;
    const [after, until] = ahead > 0 ? [position, from] : [from, position];
    const between = await countBetween(this.#redis, this.#key, after, until, MOST_COUNTED, new BatchSize());
    return between === null ? null : read + Math.sign(ahead) * between;
  }

  /** These were read now. */
  read(events: readonly TopicEvent[]): void {
    this.#batches.push({ positions: events.map(({ position }) => position), before: this.#read });
    this.#read += events.length;
    this.#positions += events.length;
    while (this.#positions > MOST_POSITIONS) this.#dropFirst();
  }

  /**
   * Everything there is was read, as it seems.
   *
   * @param reader what it was read over: another connection may be another server's, or away.
   * @param last the position of the event that was read last.
   * @returns false where there never was such an event: a fail-over lost it, and others may stand in its place.
   * @throws Error where that was not found out.
   */
  async atEnd(reader: Redis, last: string): Promise<boolean> {
    if (performance.now() < this.#compareAt) return true;
    this.#compareAt = performance.now() + COMPARE_EVERY_MILLISECONDS;
    const read = this.#read;
    const { newest, added } = await streamInfo(reader, this.#key);
    if (added !== null && newest === last) this.#base = added - read;
    // Commits need the number: the next time everything was read it may be found.
    else if (added !== null && this.#base === null) this.#compareAt = 0;
    return compareIds(last, newest) <= 0;
  }

  /** Compare with Redis at the next end: it may be another server by now. */
  compareSoon(): void {
    this.#compareAt = 0;
  }

  /** Everything up to here is handled. */
  note(position: string): void {
    this.#noted = position;
  }

  /** Whether something was noted since the last time. */
  get hasNews(): boolean {
    return this.#noted !== undefined;
  }

  /** Tell Redis what was noted since the last time. */
  async write(): Promise<void> {
    await this.#writing;
    const position = this.#noted;
    if (position === undefined) return;
    this.#noted = undefined;
    const number = this.#numberOf(position);
    const isBeginning = this.#isBeginning;
    this.#isBeginning = false;
    const [read, backFrom] = [number?.toString() ?? "", isBeginning ? (this.#groupWasAt ?? "") : ""];
    this.#writing = (async () => {
      try {
        await this.#redis.gaugeletMoveGroup(this.#key, this.#group, position, read, backFrom);
      } catch (error) {
        this.#noted ??= position;
        this.#isBeginning ||= isBeginning;
        throw error;
      } finally {
        this.#writing = undefined;
      }
    })();
    await this.#writing;
  }

  /** How many events there were up to a position. */
  #numberOf(position: string): number | null {
    if (position === this.#from) return this.#base;
    for (;;) {
      const first = this.#batches[0];
      const last = first?.positions.at(-1);
      if (first === undefined || last === undefined) return null;
      if (compareIds(last, position) >= 0) {
        const at = first.positions.indexOf(position);
        return at < 0 || this.#base === null ? null : this.#base + first.before + at + 1;
      }
      this.#dropFirst();
    }
  }

  #dropFirst(): void {
    this.#positions -= this.#batches.shift()?.positions.length ?? 0;
  }
}
