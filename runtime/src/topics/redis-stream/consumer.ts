import type { Redis } from "ioredis";
import type { Consumer, ConsumerListener, Partition, TopicStart } from "../topics.ts";
import { FollowedTopic } from "./followed-topic.ts";
import type { ReadTurns } from "./read-turns.ts";
import type { ScriptedRedis } from "./scripts.ts";
import type { TopicWatch } from "./topic-watch.ts";
import type { WaitingRead } from "./waiting-read.ts";

/** How often what was committed is written, at most. */
const WRITE_EVERY_MILLISECONDS = 1_000;
/** How many topics' at a time: with more topics they take turns, so that an event costs no more than with few. */
const MOST_WRITES = 100;

/** What all consumers share. */
export interface ConsumerParts {
  readonly reader: Redis;
  readonly commands: ScriptedRedis;
  readonly turns: ReadTurns;
  readonly waiting: WaitingRead;
  readonly watch: TopicWatch;
}

/** A group's one member: whoever holds the function's lease. */
export class RedisStreamConsumer implements Consumer {
  readonly #group: string;
  readonly #listener: ConsumerListener;
  readonly #parts: ConsumerParts;
  readonly #topics = new Map<string, FollowedTopic>();
  /** By topic; "": of all of them. */
  readonly #problems = new Map<string, string>();
  readonly #timer: NodeJS.Timeout;
  readonly #onStopped: () => void;
  #problem: string | null = null;
  #stopped = false;

  constructor(group: string, listener: ConsumerListener, parts: ConsumerParts, onStopped: () => void) {
    this.#group = group;
    this.#listener = listener;
    this.#parts = parts;
    this.#onStopped = onStopped;
    this.#timer = setInterval(() => void this.#write(), WRITE_EVERY_MILLISECONDS);
  }

  pause({ topic }: Partition): void {
    this.#topics.get(topic)?.pause();
  }

  resume({ topic }: Partition): void {
    this.#topics.get(topic)?.resume();
  }

  rewind({ topic }: Partition): void {
    this.#topics.get(topic)?.rewind();
  }

  commit({ topic }: Partition, position: string): void {
    this.#topics.get(topic)?.commit(position);
  }

  subscribe(topics: ReadonlyMap<string, TopicStart>): void {
    if (this.#stopped) return;
    for (const [name, topic] of this.#topics) {
      if (!topics.has(name)) this.#leave(name, topic);
    }
    for (const [name, start] of topics) {
      if (!this.#topics.has(name)) this.#follow(name, start);
    }
  }

  /** Why nothing comes of all topics; null: it comes again. */
  report(reason: string | null): void {
    this.#report("", reason);
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    clearInterval(this.#timer);
    const topics = [...this.#topics.values()];
    for (const topic of topics) this.#parts.watch.remove(topic);
    const written = topics.map((topic) => topic.writeProgress());
    for (const topic of topics) topic.stop();
    await Promise.all(written);
    this.#onStopped();
  }

  #follow(name: string, start: TopicStart): void {
    const { reader, commands, turns, waiting, watch } = this.#parts;
    const topic = new FollowedTopic({
      topic: name,
      group: this.#group,
      start,
      reader,
      commands,
      turns,
      waiting,
      listener: this.#listener,
      onProblem: (reason) => this.#report(name, reason),
    });
    this.#topics.set(name, topic);
    watch.add(topic);
    topic.poke();
  }

  #leave(name: string, topic: FollowedTopic): void {
    const wasAssigned = topic.isAssigned;
    this.#topics.delete(name);
    this.#parts.watch.remove(topic);
    void topic.writeProgress();
    topic.stop();
    this.#report(name, null);
    if (wasAssigned) this.#listener.onRevoked(topic.partition);
  }

  async #write(): Promise<void> {
    if (this.#parts.commands.status !== "ready") return;
    const behind = [...this.#topics].filter(([, topic]) => topic.hasProgress).slice(0, MOST_WRITES);
    for (const [name, topic] of behind) {
      // The last one the next time.
      this.#topics.delete(name);
      this.#topics.set(name, topic);
    }
    await Promise.all(behind.map(([, topic]) => topic.writeProgress()));
  }

  #report(topic: string, reason: string | null): void {
    if (this.#stopped) return;
    if (reason === null) this.#problems.delete(topic);
    else this.#problems.set(topic, reason);
    const [first = null] = this.#problems.values();
    if (first === this.#problem) return;
    this.#problem = first;
    this.#listener.onProblem(first);
  }
}
