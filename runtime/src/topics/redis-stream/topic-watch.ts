import { TOPIC_PREFIX } from "@gaugelet/shared/keys";
import type { RedisAddress } from "@gaugelet/shared/redis/address";
import { KeyChanges } from "@gaugelet/shared/redis/key-changes";
import type { OnPushing } from "@gaugelet/shared/redis/key-changes-listener";
import type { Redis } from "ioredis";
import type { FollowedTopic } from "./followed-topic.ts";

/** A safety net while changes are pushed. */
const POLL_MILLISECONDS = 1_000;
/** All there is where they are not. */
const POLL_UNPUSHED_MILLISECONDS = 100;
/** Topics that one command asks for. */
const ASKED_AT_ONCE = 100;

/**
 * Tells followed topics that something may have changed: pushed by Redis at once, and found by a poll besides.
 * However many topics there are, only changed ones are read.
 */
export class TopicWatch {
  readonly #reader: Redis;
  readonly #changes: KeyChanges;
  readonly #byKey = new Map<string, Set<FollowedTopic>>();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(address: RedisAddress, reader: Redis, onPushing: OnPushing) {
    this.#reader = reader;
    this.#changes = new KeyChanges(address, [TOPIC_PREFIX], onPushing);
    this.#changes.listen({
      onChanged: (keys) => {
        for (const key of keys) {
          for (const topic of this.#byKey.get(key) ?? []) topic.hearOfChange();
        }
      },
      onUnknown: () => this.lookAtAll(),
    });
    this.#pollLater();
  }

  add(topic: FollowedTopic): void {
    const topics = this.#byKey.get(topic.key);
    if (topics === undefined) this.#byKey.set(topic.key, new Set([topic]));
    else topics.add(topic);
  }

  remove(topic: FollowedTopic): void {
    const topics = this.#byKey.get(topic.key);
    topics?.delete(topic);
    if (topics?.size === 0) this.#byKey.delete(topic.key);
  }

  /** Changes may have been missed. */
  lookAtAll(): void {
    for (const topics of this.#byKey.values()) for (const topic of topics) topic.lookAgain();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#changes.stop();
  }

  #pollLater(): void {
    if (this.#stopped) return;
    const delay = this.#changes.pushing ? POLL_MILLISECONDS : POLL_UNPUSHED_MILLISECONDS;
    this.#timer = setTimeout(() => void this.#poll().then(() => this.#pollLater()), delay);
  }

  async #poll(): Promise<void> {
    if (this.#reader.status !== "ready") return;
    const topics = [...this.#byKey.values()].flatMap((each) => [...each]);
    const waiting = topics.filter((topic) => topic.waitsAfter !== undefined);
    const missing = topics.filter((topic) => !topic.isAssigned);
    await Promise.all([
      ...chunks(waiting).map((some) => this.#askForEvents(some)),
      ...chunks(missing).map((some) => this.#askForTopics(some)),
    ]);
  }

  /** One event of each topic that has a new one tells that it has. */
  async #askForEvents(topics: readonly FollowedTopic[]): Promise<void> {
    const keys = topics.map(({ key }) => key);
    const ids = topics.map(({ waitsAfter }) => waitsAfter ?? "$");
    try {
      const [found, there] = await Promise.all([
        this.#reader.xreadBuffer("COUNT", 1, "STREAMS", ...keys, ...ids),
        this.#reader.exists(keys),
      ]);
      const changed = new Set((found as [Buffer, unknown][] | null)?.map(([key]) => key.toString()));
      for (const topic of topics) {
        if (there < keys.length) topic.poke();
        else if (changed.has(topic.key)) topic.hearOfChange();
      }
    } catch {
      // One of them is the reason; each finds out by itself.
      for (const topic of topics) topic.poke();
    }
  }

  async #askForTopics(topics: readonly FollowedTopic[]): Promise<void> {
    try {
      if ((await this.#reader.exists(topics.map(({ key }) => key))) === 0) return;
      const there = await Promise.all(topics.map(({ key }) => this.#reader.exists(key)));
      for (const [at, topic] of topics.entries()) if (there[at] === 1) topic.poke();
    } catch {
      // The next look of each says what is wrong.
      for (const topic of topics) topic.poke();
    }
  }
}

function chunks(topics: readonly FollowedTopic[]): FollowedTopic[][] {
  const all: FollowedTopic[][] = [];
  for (let at = 0; at < topics.length; at += ASKED_AT_ONCE) all.push(topics.slice(at, at + ASKED_AT_ONCE));
  return all;
}
