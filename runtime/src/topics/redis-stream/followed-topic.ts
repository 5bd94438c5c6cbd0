import { topicKey } from "@gaugelet/shared/keys";
import type { Redis } from "ioredis";
import type { ConsumerListener, Partition, TopicStart } from "../topics.ts";
import { BatchSize } from "./batch-size.ts";
import { empty, eventOf, type StreamEntry } from "./entries.ts";
import { BEFORE_ALL, compareIds } from "./ids.ts";
import { explainTopicError } from "./patience.ts";
import { Progress } from "./progress.ts";
import type { ReadTurns } from "./read-turns.ts";
import type { ScriptedRedis } from "./scripts.ts";
import { type GroupInfo, groupInfo, isGroupMissing, isMissing, streamInfo } from "./stream-info.ts";
import type { Awaited, WaitingRead } from "./waiting-read.ts";

/** What a followed topic needs. */
export interface FollowedTopicOptions {
  readonly topic: string;
  /** The group, named after its function. */
  readonly group: string;
  readonly start: TopicStart;
  /** What is read over. */
  readonly reader: Redis;
  /** What progress is written over. */
  readonly commands: ScriptedRedis;
  readonly turns: ReadTurns;
  readonly waiting: WaitingRead;
  readonly listener: Pick<ConsumerListener, "onAssigned" | "onEvents" | "onRevoked">;
  /** Why nothing of this topic comes; null: it comes. */
  onProblem(reason: string | null): void;
}

/** An event of which we were told, but that was to come by itself, has come by then. */
const COMES_MILLISECONDS = 50;
const RETRY_MILLISECONDS = 1_000;

/** What lasts from one `onAssigned` to its `onRevoked`. */
interface Assignment {
  /** The id of the entry that was read last; undefined: not known yet. */
  last: string | undefined;
  /** What was committed last, or else where it began. */
  committed: string;
  paused: boolean;
  readonly progress: Progress;
}

/**
 * One topic as one group reads it: waited for while there is none, read from where the group was, and waited for
 * again once it is deleted.
 */
export class FollowedTopic implements Awaited {
  readonly partition: Partition;
  readonly #options: FollowedTopicOptions;
  readonly #key: string;
  readonly #size = new BatchSize();
  #assignment: Assignment | undefined;
  /** Where the group is to begin if it has to be made: `$` is the end. */
  #start: string;
  /** When events came last that were waited for. */
  #tookAt = Number.NEGATIVE_INFINITY;
  #reading = false;
  /** Something may have changed since the last read began. */
  #changed = false;
  #stopped = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: FollowedTopicOptions) {
    const { topic, start } = options;
    this.#options = options;
    this.#start = start === "newest" ? "$" : start === "oldest" ? BEFORE_ALL : (start.get(0) ?? BEFORE_ALL);
    this.#key = topicKey(topic);
    this.partition = { topic, number: 0, source: `stream:${topic}` };
  }

  get key(): string {
    return this.#key;
  }

  get isAssigned(): boolean {
    return this.#assignment !== undefined;
  }

  /** The position after which a new event would be, where it is only waited for; else undefined. */
  get waitsAfter(): string | undefined {
    const { last, paused } = this.#assignment ?? {};
    return this.#reading || paused === true ? undefined : last;
  }

  get mostAtOnce(): number {
    return this.#size.count;
  }

  /** Look at it soon: something may have changed. */
  poke(): void {
    if (this.#stopped) return;
    this.#changed = true;
    if (!this.#reading && this.#assignment?.paused !== true) this.#options.turns.ask(this);
  }

  /** Redis told of a change, or a poll found one. */
  hearOfChange(): void {
    if (!this.#options.waiting.covers(this)) {
      this.poke();
      return;
    }
    // That was it, or the next one comes as well.
    if (performance.now() - this.#tookAt < COMES_MILLISECONDS) return;
    const last = this.#assignment?.last;
    setTimeout(() => {
      if (this.#assignment?.last === last) this.poke();
    }, COMES_MILLISECONDS).unref();
  }

  take(after: string, entries: readonly StreamEntry[], mayBeMore: boolean): void {
    const assignment = this.#assignment;
    // Whatever happened meanwhile, it is read anew.
    if (assignment === undefined || this.waitsAfter !== after) {
      this.poke();
      return;
    }
    this.#tookAt = performance.now();
    const last = this.#give(assignment, entries);
    if (mayBeMore) this.poke();
    else if (assignment === this.#assignment) this.#compare(assignment, last);
  }

  /** Look at it as if everything may have changed: it may be another server's by now, or could not be asked before. */
  lookAgain(): void {
    this.#assignment?.progress.compareSoon();
    this.poke();
  }

  pause(): void {
    if (this.#assignment !== undefined) this.#assignment.paused = true;
  }

  resume(): void {
    if (this.#assignment?.paused !== true) return;
    this.#assignment.paused = false;
    this.poke();
  }

  rewind(): void {
    if (this.#assignment === undefined) return;
    this.#revoke();
    this.poke();
  }

  commit(position: string): void {
    if (this.#assignment === undefined) return;
    this.#assignment.committed = position;
    this.#assignment.progress.note(position);
  }

  /** Whether something was committed that Redis was not told yet. */
  get hasProgress(): boolean {
    return this.#assignment?.progress.hasNews === true;
  }

  /** Tell Redis what was committed. Never throws. */
  async writeProgress(): Promise<void> {
    const assignment = this.#assignment;
    try {
      await assignment?.progress.write();
    } catch (error) {
      // What is gone the next look finds out. Whatever else it is, events come, and the next time tries again.
      if (isMissing(error) || isGroupMissing(error)) this.poke();
    }
  }

  /** Nothing of it comes any more. What was committed is to be written before. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#retry);
    this.#assignment = undefined;
    this.#options.turns.drop(this);
    this.#options.waiting.drop(this);
  }

  /** Read once, or find out where to begin. Never throws. */
  async read(): Promise<void> {
    if (this.#reading || this.#stopped || this.#assignment?.paused === true) return;
    this.#reading = true;
    this.#changed = false;
    let more = false;
    try {
      more = this.#assignment === undefined ? await this.#begin() : await this.#readOnce(this.#assignment);
      if (!this.#stopped) this.#options.onProblem(null);
    } catch (error) {
      more = this.#fail(error);
    }
    this.#reading = false;
    if (more || this.#changed) this.poke();
    else this.#options.waiting.wake();
  }

  /** Something went wrong, which may pass without a word of Redis. */
  #lookAgainLater(): void {
    clearTimeout(this.#retry);
    if (!this.#stopped) this.#retry = setTimeout(() => this.lookAgain(), RETRY_MILLISECONDS).unref();
  }

  /** @returns whether to look again at once. */
  #fail(error: unknown): boolean {
    if (this.#stopped) return false;
    if (isGroupMissing(error)) return this.#loseGroup();
    // Where to begin was not found out: that is asked anew.
    if (this.#assignment !== undefined && this.#assignment.last === undefined) this.#revoke();
    if (isMissing(error)) this.#miss();
    // While the connection is down its own report says all there is; once it is up all is looked at.
    else if (this.#options.reader.status === "ready") {
      this.#options.onProblem(explainTopicError(error));
      this.#lookAgainLater();
    }
    return false;
  }

  /** @returns whether there may be something to read. */
  async #begin(): Promise<boolean> {
    const { reader, commands, group, listener } = this.#options;
    const known = await this.#joinGroup(reader, group);
    if (this.#stopped) return false;
    const assignment: Assignment = {
      last: undefined,
      committed: known.position,
      paused: false,
      progress: new Progress(commands, this.#key, group),
    };
    this.#assignment = assignment;
    const stored = await listener.onAssigned(this.partition);
    if (assignment !== this.#assignment) return true;
    const from = await this.#beginning(reader, stored ?? known.position);
    if (assignment !== this.#assignment) return true;
    assignment.last = from;
    assignment.committed = from;
    this.#options.waiting.touch(this);
    // Not waited for: the group's lag can be told a little later.
    assignment.progress.begin(from, known).catch(() => {});
    return true;
  }

  /** What is known of the group, which is made where there is none: it keeps its place from then on. */
  async #joinGroup(redis: Redis, group: string): Promise<GroupInfo> {
    const before = await groupInfo(redis, this.#key, group);
    if (before !== undefined) return before;
    try {
      await redis.call("XGROUP", "CREATE", this.#key, group, this.#start);
    } catch (error) {
      if (!(error as Error).message.startsWith("BUSYGROUP")) throw error;
    }
    const made = await groupInfo(redis, this.#key, group);
    if (made === undefined) throw new Error(`no such key: the group ${group} was deleted at once`);
    return made;
  }

  /** A position after all that there ever was is of a stream of that name before this one. */
  async #beginning(redis: Redis, position: string): Promise<string> {
    if (position === BEFORE_ALL) return position;
    const { newest } = await streamInfo(redis, this.#key);
    return compareIds(position, newest) > 0 ? BEFORE_ALL : position;
  }

  /** @returns whether there may be more. */
  async #readOnce(assignment: Assignment): Promise<boolean> {
    const { reader, group } = this.#options;
    if (assignment.last === undefined) return false;
    const { count } = this.#size;
    const reply = await reader.xreadBuffer("COUNT", count, "STREAMS", this.#key, assignment.last);
    if (assignment !== this.#assignment) return true;
    const entries = (reply as [Buffer, StreamEntry[]][] | null)?.[0]?.[1];
    if (entries === undefined || entries.length === 0) {
      // Throws where the topic, or the group with it, is gone.
      await reader.call("XPENDING", this.#key, group);
      this.#compare(assignment, assignment.last);
      return false;
    }
    const mayBeMore = entries.length === count;
    const last = this.#give(assignment, entries);
    empty(entries);
    if (mayBeMore) return true;
    if (assignment === this.#assignment) this.#compare(assignment, last);
    return assignment !== this.#assignment;
  }

  /** @returns the position of the last one. */
  #give(assignment: Assignment, entries: readonly StreamEntry[]): string {
    const { listener, waiting } = this.#options;
    const events = entries.map(eventOf);
    const bytes = events.reduce((sum, { body }) => sum + body.length, 0);
    const last = events.at(-1)?.position ?? assignment.last ?? BEFORE_ALL;
    assignment.last = last;
    this.#size.saw(events.length, bytes);
    assignment.progress.read(events);
    waiting.touch(this);
    listener.onEvents(this.partition, events);
    return last;
  }

  /** Not waited for: it is seldom, and reading goes on meanwhile. */
  #compare(assignment: Assignment, last: string): void {
    const compared = assignment.progress.atEnd(this.#options.reader, last).then((isThere) => {
      if (!isThere && assignment === this.#assignment) this.rewind();
    });
    // What it is, the next read says too.
    compared.catch(() => this.#lookAgainLater());
  }

  #miss(): void {
    if (this.#assignment !== undefined) this.#revoke();
    this.#start = BEFORE_ALL;
    this.#options.onProblem(`topic ${this.partition.topic} does not exist; it is waited for`);
  }

  /** The group was deleted, or the topic with it, which may be there anew: its positions go on then. */
  #loseGroup(): boolean {
    if (this.#assignment !== undefined) {
      this.#start = this.#assignment.committed;
      this.#revoke();
    }
    return true;
  }

  #revoke(): void {
    this.#assignment = undefined;
    this.#options.listener.onRevoked(this.partition);
  }
}
