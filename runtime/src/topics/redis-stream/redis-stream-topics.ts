import { TOPIC_PREFIX, TOPICS_KEY, topicKey } from "@gaugelet/shared/keys";
import type { RedisAddress } from "@gaugelet/shared/redis/address";
import { connectRedis, SILENCE_MILLISECONDS } from "@gaugelet/shared/redis/connection";
import type { OnPushing } from "@gaugelet/shared/redis/key-changes-listener";
import { scanKeys } from "@gaugelet/shared/redis/scan";
import {
  type Consumer,
  type ConsumerListener,
  type NewEvent,
  type PeekedEvent,
  type Retention,
  type TopicDescription,
  type TopicEnd,
  TopicError,
  type TopicLag,
  type TopicOptions,
  type TopicStart,
  type Topics,
} from "../topics.ts";
import { type ConsumerParts, RedisStreamConsumer } from "./consumer.ts";
import { eventOf } from "./entries.ts";
import { BEFORE_ALL } from "./ids.ts";
import { lagOf } from "./lag.ts";
import { checkName, DEFAULT_RETENTION, NO_RETENTION, readRetention, retentionOf } from "./options.ts";
import { patiently } from "./patience.ts";
import { publishChunks } from "./publish-chunks.ts";
import { ReadTurns } from "./read-turns.ts";
import { type ScriptedRedis, withScripts } from "./scripts.ts";
import { isMissing, streamInfo } from "./stream-info.ts";
import { TopicWatch } from "./topic-watch.ts";
import { WaitingRead } from "./waiting-read.ts";

const SCAN_COUNT = 1_000;

/** Topics as Redis Streams, one partition each. */
export class RedisStreamTopics implements Topics {
  readonly engine = "redis";
  readonly sharesPartitions = false;
  readonly #address: RedisAddress;
  readonly #onPushing: OnPushing;
  readonly #commands: ScriptedRedis;
  readonly #consumers = new Set<RedisStreamConsumer>();
  /** Made for the first consumer: who only publishes needs no more than one connection. */
  #parts: ConsumerParts | undefined;
  /** Why the connection that is read over is down. */
  #down: string | null = null;

  /** @param onPushing each change of whether Redis tells of new events at once. */
  constructor(address: RedisAddress, onPushing: OnPushing) {
    this.#address = address;
    this.#onPushing = onPushing;
    // Who reads reports why the connection is down.
    this.#commands = withScripts(connectRedis(address, {}, { socketTimeout: SILENCE_MILLISECONDS }));
  }

  async create(topic: string, options: TopicOptions): Promise<void> {
    checkName(topic);
    const retention = retentionOf(topic, options);
    const create = async (): Promise<number> => {
      const [key, entry] = [topicKey(topic), entryOf(retention)];
      const byTime = retention.seconds === null ? "0" : "1";
      try {
        return await this.#commands.gaugeletCreateTopic(key, TOPICS_KEY, topic, entry, byTime);
      } catch (error) {
        if (byTime === "0" || !/syntax error/i.test((error as Error).message)) throw error;
        const reason = `topic ${topic}: retention.seconds: expected null, as Redis before 6.2 has none`;
        throw new TopicError("invalid-option", reason, { cause: error });
      }
    };
    if ((await patiently(`create topic ${topic}`, create)) === 1) return;
    throw new TopicError("topic-exists", `topic ${topic} exists`);
  }

  async list(): Promise<string[]> {
    return patiently("list topics", async () => {
      const topics = new Set<string>();
      const pattern = `${TOPIC_PREFIX}*`;
      for await (const keys of scanKeys(this.#commands, pattern, SCAN_COUNT, new AbortController().signal)) {
        const types = await Promise.all(keys.map((key) => this.#commands.type(key)));
        for (const [at, key] of keys.entries()) {
          if (types[at] === "stream") topics.add(key.slice(TOPIC_PREFIX.length));
        }
      }
      return [...topics].sort();
    });
  }

  async describe(topic: string): Promise<TopicDescription> {
    checkName(topic);
    return patiently(`describe topic ${topic}`, async () => {
      const [info, json] = await Promise.all([
        streamInfo(this.#commands, topicKey(topic)).catch((error: unknown) => {
          throw isMissing(error) ? unknownTopic(topic) : error;
        }),
        this.#commands.hget(TOPICS_KEY, topic),
      ]);
      const newest = info.newest === BEFORE_ALL ? null : info.newest;
      return {
        name: topic,
        partitions: [{ number: 0, events: info.length, newest, published: info.added }],
        retention: (json === null ? undefined : readRetention(json)) ?? NO_RETENTION,
      };
    });
  }

  async delete(topic: string): Promise<void> {
    checkName(topic);
    const remove = () => this.#commands.gaugeletDeleteTopic(topicKey(topic), TOPICS_KEY, topic);
    if ((await patiently(`delete topic ${topic}`, remove)) === 0) throw unknownTopic(topic);
  }

  async publish(topic: string, events: readonly NewEvent[]): Promise<string[]> {
    checkName(topic);
    const entry = entryOf(DEFAULT_RETENTION);
    const positions: string[] = [];
    for (const chunk of publishChunks(events)) {
      const publish = () =>
        this.#commands.gaugeletPublish(
          topicKey(topic),
          TOPICS_KEY,
          topic,
          entry,
          String(Date.now()),
          ...chunk,
        );
      for (const position of await patiently(`publish to topic ${topic}`, publish)) positions.push(position);
    }
    return positions;
  }

  async peek(topic: string, end: TopicEnd, most: number): Promise<PeekedEvent[]> {
    checkName(topic);
    const key = topicKey(topic);
    const entries = await patiently(`look at topic ${topic}`, async () => {
      const found =
        end === "newest"
          ? await this.#commands.xrevrangeBuffer(key, "+", "-", "COUNT", most)
          : await this.#commands.xrangeBuffer(key, "-", "+", "COUNT", most);
      if (found.length === 0 && (await this.#commands.exists(key)) === 0) throw unknownTopic(topic);
      return found;
    });
    return entries.map((entry) => ({ ...eventOf(entry), partition: 0 }));
  }

  async endOf(topic: string): Promise<TopicStart> {
    return patiently(`look at topic ${topic}`, async () => {
      try {
        return new Map([[0, (await streamInfo(this.#commands, topicKey(topic))).newest]]);
      } catch (error) {
        if (isMissing(error)) return "oldest";
        throw error;
      }
    });
  }

  async lag(group: string, topics: readonly string[]): Promise<TopicLag[]> {
    const lags = await patiently(`read the lag of ${group}`, () =>
      Promise.all(topics.map((topic) => lagOf(this.#commands, topic, group))),
    );
    return lags.filter((lag) => lag !== undefined);
  }

  consume(group: string, topics: ReadonlyMap<string, TopicStart>, listener: ConsumerListener): Consumer {
    this.#parts ??= this.#startReading();
    const consumer = new RedisStreamConsumer(group, listener, this.#parts, () =>
      this.#consumers.delete(consumer),
    );
    this.#consumers.add(consumer);
    if (this.#down !== null) consumer.report(this.#down);
    consumer.subscribe(topics);
    return consumer;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#consumers].map((consumer) => consumer.stop()));
    this.#parts?.watch.stop();
    this.#parts?.waiting.stop();
    this.#parts?.reader.disconnect();
    this.#commands.disconnect();
  }

  #startReading(): ConsumerParts {
    const report = (reason: string | null): void => {
      this.#down = reason;
      for (const consumer of this.#consumers) consumer.report(reason);
    };
    const reader = connectRedis(
      this.#address,
      {
        onDown: report,
        onUp: () => {
          report(null);
          watch.lookAtAll();
        },
      },
      { socketTimeout: SILENCE_MILLISECONDS },
    );
    const watch = new TopicWatch(this.#address, reader, this.#onPushing);
    // Who reads reports why the connection is down.
    const onUp = (): void => {
      // It may be another server's by now.
      watch.lookAtAll();
      waiting.wake();
    };
    const waiting = new WaitingRead(
      connectRedis(this.#address, { onUp }, { socketTimeout: SILENCE_MILLISECONDS }),
    );
    return { reader, commands: this.#commands, turns: new ReadTurns(), waiting, watch };
  }
}

function unknownTopic(topic: string): TopicError {
  return new TopicError("unknown-topic", `there is no topic ${topic}`);
}

/** What the hash of topics says of one. */
function entryOf(retention: Retention): string {
  return JSON.stringify({ createdAt: Date.now(), retention });
}
