import { Consumer } from "@platformatic/kafka";
import { type PeekedEvent, type TopicEnd, TopicError } from "../topics.ts";
import { checkName, type KafkaAdmin, type OffsetRange } from "./admin.ts";
import type { ClientOptions } from "./client-options.ts";
import { explained, isUnknownTopic, patiently } from "./errors.ts";
import { eventsOf } from "./records.ts";

const MOST_BYTES_OF_PARTITION = 1024 ** 2;
/** What there is comes at once. */
const WAIT_MILLISECONDS = 10;

/** Looks at events of topics without being a member of a group. */
export class KafkaPeeker {
  readonly #client: Consumer;
  readonly #admin: KafkaAdmin;

  constructor(options: ClientOptions, admin: KafkaAdmin) {
    this.#admin = admin;
    // The client wants a group's name, and joins it only where it is told to.
    this.#client = new Consumer({ ...options, groupId: "gaugelet", autocommit: false, strict: false });
  }

  async stop(): Promise<void> {
    await this.#client.close(true).catch(() => {});
  }

  /** @throws TopicError where there is no such topic. */
  async peek(topic: string, end: TopicEnd, most: number): Promise<PeekedEvent[]> {
    checkName(topic);
    const found = (await this.#admin.ids([topic])).get(topic);
    if (found === undefined) throw await this.#admin.notThere(topic);
    const numbers = Array.from({ length: found.partitions }, (_, number) => number);
    try {
      return await patiently(async () => {
        const ranges = await this.#admin.ranges(topic, numbers);
        const events = await Promise.all(
          [...ranges].map(([number, range]) => this.#read(topic, found.id, number, range, end, most)),
        );
        const direction = end === "newest" ? -1 : 1;
        return events
          .flat()
          .sort((a, b) => direction * (a.timestamp - b.timestamp || Number(a.position) - Number(b.position)))
          .slice(0, most);
      });
    } catch (error) {
      if (isUnknownTopic(error)) {
        throw new TopicError("unknown-topic", `there is no topic ${topic}`, { cause: error });
      }
      throw explained(`look at topic ${topic}`, error);
    }
  }

  /** The events at one end of a partition, as many as are asked for and fit into some fetches. */
  async #read(
    topic: string,
    topicId: string,
    number: number,
    { first, next }: OffsetRange,
    end: TopicEnd,
    most: number,
  ): Promise<PeekedEvent[]> {
    const until = end === "newest" ? next : Math.min(next, first + most);
    const events: PeekedEvent[] = [];
    let offset = end === "newest" ? Math.max(first, next - most) : first;
    while (offset < until) {
      const fetched = await this.#fetch(topic, topicId, number, offset);
      if (fetched.next === undefined) break;
      events.push(...fetched.events.map((event) => ({ ...event, partition: number })));
      offset = fetched.next;
    }
    return end === "newest" ? events.slice(-most) : events.slice(0, most);
  }

  async #fetch(topic: string, topicId: string, partition: number, offset: number) {
    const metadata = await this.#client.metadata({ topics: [topic], autocreateTopics: false });
    const node = metadata.topics.get(topic)?.partitions[partition]?.leader;
    if (node === undefined) throw new Error(`partition ${partition} of topic ${topic} has no leader now`);
    try {
      const { responses } = await this.#client.fetch({
        node,
        maxWaitTime: WAIT_MILLISECONDS,
        minBytes: 1,
        maxBytes: MOST_BYTES_OF_PARTITION,
        topics: [
          {
            topicId,
            partitions: [
              {
                partition,
                fetchOffset: BigInt(offset),
                partitionMaxBytes: MOST_BYTES_OF_PARTITION,
                currentLeaderEpoch: -1,
                lastFetchedEpoch: -1,
              },
            ],
          },
        ],
      });
      return eventsOf(responses[0]?.partitions[0] ?? {}, offset);
    } catch (error) {
      // Another broker may lead it now.
      this.#client.clearMetadata();
      throw error;
    }
  }
}
