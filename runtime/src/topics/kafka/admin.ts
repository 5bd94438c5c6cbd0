import { Admin, ConfigResourceTypes, ListOffsetTimestamps } from "@platformatic/kafka";
import {
  type Retention,
  TOPIC_NAME,
  type TopicDescription,
  TopicError,
  type TopicLag,
  type TopicOptions,
  type TopicStart,
} from "../topics.ts";
import type { ClientOptions } from "./client-options.ts";
import { explained, isOneOf, isUnknownTopic, patiently } from "./errors.ts";

/** Topics of Kafka's own. */
const INTERNAL = /^__/;

/** The first offset of a partition that is kept, and the one that the next event will have. */
export interface OffsetRange {
  readonly first: number;
  readonly next: number;
}

/** What there is to know and to change about topics, but for their events. */
export class KafkaAdmin {
  readonly #admin: Admin;

  constructor(options: ClientOptions) {
    this.#admin = new Admin(options);
  }

  async stop(): Promise<void> {
    await this.#admin.close().catch(() => {});
  }

  async create(topic: string, options: TopicOptions): Promise<void> {
    checkName(topic);
    const { partitions } = options;
    if (partitions !== undefined && !(Number.isSafeInteger(partitions) && partitions > 0)) {
      throw invalid(topic, "partitions", "a whole number above 0");
    }
    const configs = configsOf(topic, options.retention ?? {});
    try {
      await patiently(() =>
        this.#admin.createTopics({
          topics: [topic],
          configs,
          ...(partitions !== undefined && { partitions }),
        }),
      );
    } catch (error) {
      if (isOneOf(error, "TOPIC_ALREADY_EXISTS")) {
        throw new TopicError("topic-exists", `topic ${topic} exists`, { cause: error });
      }
      throw explained(`create topic ${topic}`, error);
    }
    // Brokers hear of it one after the other.
    await patiently(async () => {
      if ((await this.ids([topic])).size === 0) throw new Error(`topic ${topic} is not there yet`);
    });
  }

  async list(): Promise<string[]> {
    try {
      const topics = await patiently(() => this.#admin.listTopics());
      return topics.filter((topic) => !INTERNAL.test(topic)).sort();
    } catch (error) {
      throw explained("list topics", error);
    }
  }

  async delete(topic: string): Promise<void> {
    try {
      await patiently(() => this.#admin.deleteTopics({ topics: [topic] }));
    } catch (error) {
      throw this.#about(topic, `delete topic ${topic}`, error);
    }
    await patiently(async () => {
      if ((await this.ids([topic])).size > 0) throw new Error(`topic ${topic} is still there`);
    }).catch(() => {});
  }

  async describe(topic: string): Promise<TopicDescription> {
    checkName(topic);
    try {
      const count = (await this.ids([topic])).get(topic)?.partitions ?? 0;
      if (count === 0) throw await this.notThere(topic);
      const numbers = Array.from({ length: count }, (_, number) => number);
      const [ranges, retention] = await Promise.all([
        patiently(() => this.ranges(topic, numbers)),
        patiently(() => this.#retention(topic)),
      ]);
      const partitions = numbers.map((number) => {
        const { first, next } = ranges.get(number) ?? { first: 0, next: 0 };
        const newest = next === 0 ? null : String(next - 1);
        return { number, events: next - first, newest, published: next };
      });
      return { name: topic, partitions, retention };
    } catch (error) {
      throw this.#about(topic, `describe topic ${topic}`, error);
    }
  }

  async endOf(topic: string): Promise<TopicStart> {
    const count = (await this.ids([topic])).get(topic)?.partitions ?? 0;
    if (count === 0) {
      const problem = await this.notThere(topic);
      // One that is hidden may be there.
      if (problem.code === "unknown-topic") return "oldest";
      throw problem;
    }
    const numbers = Array.from({ length: count }, (_, number) => number);
    const ranges = await patiently(() => this.ranges(topic, numbers));
    return new Map([...ranges].map(([number, { next }]) => [number, String(next - 1)]));
  }

  async lag(group: string, topics: readonly string[]): Promise<TopicLag[]> {
    try {
      return await this.#lag(group, topics);
    } catch (error) {
      throw explained(`see the lag of ${group}`, error);
    }
  }

  async #lag(group: string, topics: readonly string[]): Promise<TopicLag[]> {
    const known = await this.ids(topics);
    const lags = await Promise.all(
      [...known].map(async ([topic, { partitions }]) => {
        const numbers = Array.from({ length: partitions }, (_, number) => number);
        const [ranges, committed] = await Promise.all([
          this.ranges(topic, numbers),
          this.committed(group, topic, numbers),
        ]);
        let [events, dropped] = [0, 0];
        for (const [number, { first, next }] of ranges) {
          const at = committed.get(number) ?? first;
          events += Math.max(0, next - Math.max(at, first));
          dropped += Math.max(0, first - at);
        }
        return { topic, events, dropped };
      }),
    );
    return topics.flatMap((topic) => lags.find((lag) => lag.topic === topic) ?? []);
  }

  /** Ids and numbers of partitions of those of these topics that exist; none is made by asking. */
  async ids(
    topics: readonly string[],
  ): Promise<Map<string, { readonly id: string; readonly partitions: number }>> {
    const there = new Set(await patiently(() => this.#admin.listTopics()));
    const asked = topics.filter((topic) => there.has(topic));
    if (asked.length === 0) return new Map();
    const metadata = await this.#admin
      .metadata({ topics: asked, forceUpdate: true, autocreateTopics: false })
      .catch((error: unknown) => {
        // Deleted meanwhile.
        if (isUnknownTopic(error)) return undefined;
        throw error;
      });
    return new Map(
      asked.flatMap((topic) => {
        const found = metadata?.topics.get(topic);
        if (found === undefined) return [];
        return [[topic, { id: found.id, partitions: found.partitionsCount }] as const];
      }),
    );
  }

  /** Which of these topics that are not among {@link ids} may be there: whoever has no right to one is not told. */
  async hidden(topics: readonly string[]): Promise<ReadonlySet<string>> {
    const isHidden = async (topic: string): Promise<boolean> => {
      try {
        await this.#admin.metadata({ topics: [topic], forceUpdate: true, autocreateTopics: false });
        return false;
      } catch (error) {
        return isOneOf(error, "TOPIC_AUTHORIZATION_FAILED");
      }
    };
    const are = await Promise.all(topics.map(isHidden));
    return new Set(topics.filter((_, at) => are[at]));
  }

  /** Why a topic is not among {@link ids}. */
  async notThere(topic: string): Promise<TopicError> {
    const { size } = await this.hidden([topic]);
    if (size === 0) return unknown(topic);
    return new TopicError("not-allowed", `this Kafka user has no right to topic ${topic}`);
  }

  /** What there is of partitions. */
  async ranges(topic: string, numbers: readonly number[]): Promise<Map<number, OffsetRange>> {
    await this.#know(topic, Math.max(...numbers) + 1);
    const offsets = async (timestamp: bigint): Promise<Map<number, number>> => {
      const partitions = numbers.map((partitionIndex) => ({ partitionIndex, timestamp }));
      const [listed] = await this.#admin.listOffsets({ topics: [{ name: topic, partitions }] });
      return new Map(
        listed?.partitions.map(({ partitionIndex, offset }) => [partitionIndex, Number(offset)]),
      );
    };
    const first = await offsets(ListOffsetTimestamps.EARLIEST);
    const next = await offsets(ListOffsetTimestamps.LATEST);
    return new Map(
      numbers.map((number) => [number, { first: first.get(number) ?? 0, next: next.get(number) ?? 0 }]),
    );
  }

  /** The client keeps what it knows of a topic, and fails over partitions that were added since. */
  async #know(topic: string, partitions: number): Promise<void> {
    const asked = { topics: [topic], autocreateTopics: false };
    const known = (await this.#admin.metadata(asked)).topics.get(topic)?.partitionsCount ?? 0;
    if (known < partitions) await this.#admin.metadata({ ...asked, forceUpdate: true });
  }

  /** The offsets that a group would go on with; none of a partition that it committed nothing of. */
  async committed(group: string, topic: string, numbers: readonly number[]): Promise<Map<number, number>> {
    const topics = [{ name: topic, partitionIndexes: [...numbers] }];
    const [found] = await this.#admin.listConsumerGroupOffsets({ groups: [{ groupId: group, topics }] });
    const offsets = new Map<number, number>();
    for (const { name, partitions } of found?.topics ?? []) {
      for (const { partitionIndex, committedOffset } of partitions) {
        if (name === topic && committedOffset >= 0n) offsets.set(partitionIndex, Number(committedOffset));
      }
    }
    return offsets;
  }

  async #retention(topic: string): Promise<Retention> {
    const resource = {
      resourceType: ConfigResourceTypes.TOPIC,
      resourceName: topic,
      configurationKeys: ["retention.ms", "retention.bytes"],
    };
    const [found] = await this.#admin.describeConfigs({ resources: [resource] });
    const limit = (name: string): number | null => {
      const value = Number(found?.configs.find((config) => config.name === name)?.value ?? -1);
      return value < 0 ? null : value;
    };
    const milliseconds = limit("retention.ms");
    return {
      seconds: milliseconds === null ? null : milliseconds / 1000,
      events: null,
      bytes: limit("retention.bytes"),
    };
  }

  #about(topic: string, what: string, error: unknown): Error {
    return isUnknownTopic(error) ? unknown(topic, error) : explained(what, error);
  }
}

function unknown(topic: string, cause?: unknown): TopicError {
  return new TopicError("unknown-topic", `there is no topic ${topic}`, { cause });
}

function invalid(topic: string, option: string, expected: string): TopicError {
  return new TopicError("invalid-option", `topic ${topic}: ${option}: expected ${expected}`);
}

/** @throws TopicError where it is no name of a topic. */
export function checkName(topic: string): void {
  if (TOPIC_NAME.test(topic) && !INTERNAL.test(topic)) return;
  throw new TopicError(
    "invalid-topic",
    `topic ${JSON.stringify(topic)}: expected 1 to 249 letters, digits, dots, dashes and underscores, no two underscores first`,
  );
}

function configsOf(topic: string, { seconds, events, bytes }: Partial<Retention>) {
  const isLimit = (value: number | null | undefined): boolean =>
    value === null || value === undefined || (Number.isFinite(value) && value > 0);
  if (!isLimit(seconds)) throw invalid(topic, "retention.seconds", "a number above 0, or null for no limit");
  if (!isLimit(bytes)) throw invalid(topic, "retention.bytes", "a number above 0, or null for no limit");
  if (events !== undefined && events !== null) {
    throw invalid(topic, "retention.events", "null: Kafka counts bytes (retention.bytes)");
  }
  const config = (name: string, value: number | null | undefined, scale: number) =>
    value === undefined ? [] : [{ name, value: value === null ? "-1" : String(Math.round(value * scale)) }];
  return [...config("retention.ms", seconds, 1000), ...config("retention.bytes", bytes, 1)];
}
