import { setTimeout as sleep } from "node:timers/promises";
import { type Consumer, ResponseError } from "@platformatic/kafka";
import type { TopicEvent } from "../topics.ts";
import type { Assigned } from "./assigned.ts";
import { explainKafkaError, isUnknownTopic } from "./errors.ts";
import { eventsOf } from "./records.ts";

/** How long a broker waits for events where there are none. */
const WAIT_MILLISECONDS = 500;
/** The same while a partition is paused, which may be resumed at any moment. */
const WAIT_PAUSED_MILLISECONDS = 20;
const MOST_BYTES = 8 * 1024 ** 2;
const FIRST_RETRY_MILLISECONDS = 100;
const LONGEST_RETRY_MILLISECONDS = 2_000;

/** Numbers of a broker's answers: https://kafka.apache.org/protocol#protocol_error_codes */
const OFFSET_OUT_OF_RANGE = 1;
/** UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_ID, INCONSISTENT_TOPIC_ID */
const UNKNOWN_TOPIC: ReadonlySet<number> = new Set([3, 100, 103]);

/** What a broker answers. */
type FetchResponse = Awaited<ReturnType<Consumer["fetch"]>>;

/** Who is given what was fetched. */
export interface FetcherListener {
  onEvents(assigned: Assigned, events: readonly TopicEvent[]): void;
  /** The offset to go on with is not kept any more, or was never there. */
  onOutOfRange(assigned: Assigned): void;
  /** A broker knows nothing of some topic: it was deleted, or is not known everywhere yet. */
  onUnknownTopic(): void;
  /** Why nothing comes; null: it comes again. */
  onProblem(reason: string | null): void;
}

/** Fetches the events of the partitions that a member has, from each broker by itself. */
export class Fetcher {
  readonly #client: Consumer;
  readonly #assigned: () => Iterable<Assigned>;
  readonly #listener: FetcherListener;
  /** Brokers that are asked now. */
  readonly #asking = new Set<number>();
  #isLooking = false;
  #lookAgain = false;
  #isStopped = false;
  #retryMilliseconds = FIRST_RETRY_MILLISECONDS;

  /** @param assigned all partitions that the member has now. */
  constructor(client: Consumer, assigned: () => Iterable<Assigned>, listener: FetcherListener) {
    this.#client = client;
    this.#assigned = assigned;
    this.#listener = listener;
  }

  /** There may be something to fetch. */
  wake(): void {
    if (this.#isStopped) return;
    this.#lookAgain = this.#isLooking;
    if (this.#isLooking) return;
    this.#isLooking = true;
    void this.#look().finally(() => {
      this.#isLooking = false;
      if (this.#lookAgain) this.wake();
    });
  }

  stop(): void {
    this.#isStopped = true;
  }

  async #look(): Promise<void> {
    const wanted = [...this.#assigned()].filter(({ isWanted }) => isWanted);
    if (wanted.length === 0) return;
    try {
      for (const node of (await this.#byLeader(wanted)).keys()) {
        if (!this.#asking.has(node)) void this.#ask(node);
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Ask one broker as long as there is something to ask it for. */
  async #ask(node: number): Promise<void> {
    this.#asking.add(node);
    try {
      while (!this.#isStopped) {
        const wanted = [...this.#assigned()].filter(({ isWanted }) => isWanted);
        const ofNode = wanted.length === 0 ? undefined : (await this.#byLeader(wanted)).get(node);
        if (ofNode === undefined) {
          // Another broker may lead them now, which nobody asks yet.
          if (wanted.length > 0) this.wake();
          break;
        }
        await this.#fetch(node, ofNode);
      }
    } catch (error) {
      this.#fail(error);
    }
    this.#asking.delete(node);
  }

  async #fetch(node: number, wanted: readonly Assigned[]): Promise<void> {
    const from = new Map(wanted.map((assigned) => [assigned, assigned.offset ?? 0]));
    const isSomePaused = [...this.#assigned()].some(({ isPaused }) => isPaused);
    let response: Pick<FetchResponse, "responses">;
    try {
      response = await this.#client.fetch({
        node,
        maxWaitTime: isSomePaused ? WAIT_PAUSED_MILLISECONDS : WAIT_MILLISECONDS,
        minBytes: 1,
        maxBytes: MOST_BYTES,
        topics: [...Map.groupBy(wanted, ({ topicId }) => topicId)].map(([topicId, ofTopic]) => ({
          topicId,
          partitions: ofTopic.map(({ partition, offset = 0, size }) => ({
            partition: partition.number,
            fetchOffset: BigInt(offset),
            partitionMaxBytes: size.bytes,
            currentLeaderEpoch: -1,
            lastFetchedEpoch: -1,
          })),
        })),
      });
    } catch (error) {
      // What is wrong with one partition says nothing of the others.
      const partial =
        error instanceof ResponseError ? (error as { response?: FetchResponse }).response : undefined;
      if (partial?.responses === undefined) throw error;
      if (!this.#deliver(partial, from)) throw error;
      return;
    }
    this.#deliver(response, from);
    this.#retryMilliseconds = FIRST_RETRY_MILLISECONDS;
    this.#listener.onProblem(null);
  }

  /** @returns whether what is wrong with partitions, if anything, was dealt with. */
  #deliver({ responses }: Pick<FetchResponse, "responses">, from: ReadonlyMap<Assigned, number>): boolean {
    let isDealtWith = true;
    for (const { topicId, partitions } of responses) {
      for (const found of partitions) {
        const asked = [...from].find(
          ([each]) => each.topicId === topicId && each.partition.number === found.partitionIndex,
        );
        // It may have been revoked, or read anew, meanwhile.
        if (asked === undefined || !asked[0].isCurrent || asked[0].offset !== asked[1]) continue;
        const [assigned, offset] = asked;
        if (found.errorCode !== 0 && !this.#dealWith(assigned, found.errorCode)) isDealtWith = false;
        const { events, next, bytes } = eventsOf(found, offset);
        assigned.size.saw(events.length, bytes);
        if (next === undefined) {
          if (found.highWatermark > offset) assigned.size.sawTooLittle();
          continue;
        }
        assigned.offset = next;
        assigned.last = events.at(-1)?.position ?? assigned.last;
        if (events.length > 0) this.#listener.onEvents(assigned, events);
      }
    }
    return isDealtWith;
  }

  #dealWith(assigned: Assigned, code: number): boolean {
    if (UNKNOWN_TOPIC.has(code)) this.#listener.onUnknownTopic();
    if (code !== OFFSET_OUT_OF_RANGE) return false;
    this.#listener.onOutOfRange(assigned);
    return true;
  }

  #fail(error: unknown): void {
    if (this.#isStopped) return;
    this.#client.clearMetadata();
    if (isUnknownTopic(error)) this.#listener.onUnknownTopic();
    else this.#listener.onProblem(explainKafkaError(error));
    const pause = this.#retryMilliseconds;
    this.#retryMilliseconds = Math.min(2 * pause, LONGEST_RETRY_MILLISECONDS);
    void sleep(pause).then(() => this.wake());
  }

  /** Who leads each partition. What the client knows of it is asked anew after each error. */
  async #byLeader(wanted: readonly Assigned[]): Promise<Map<number, Assigned[]>> {
    const topics = [...new Set(wanted.map(({ partition }) => partition.topic))];
    const metadata = await this.#client.metadata({ topics, autocreateTopics: false });
    return Map.groupBy(
      wanted,
      ({ partition }) => metadata.topics.get(partition.topic)?.partitions[partition.number]?.leader ?? -1,
    );
  }
}
