import type { FeedEntry } from "../../dispatcher/delivery.ts";
import { type FunctionEvent, NO_CONTEXT } from "../../dispatcher/event.ts";
import type { Feed, RetryPolicy } from "../../dispatcher/feed.ts";
import type { DeadLetter } from "../../sinks/handled.ts";
import { givenId, hopsOf, publisherOf } from "../../topics/headers.ts";
import type { TopicEvent } from "../../topics/topics.ts";
import { topicHead } from "../../workers/topic-head.ts";
import { writeDelayed } from "./delayed-event.ts";
import { isOneValue } from "./is-one-value.ts";

const OPENING = Buffer.from("[");
const COMMA = Buffer.from(",");
const CLOSING = Buffer.from("]");
/** Nowhere in JSON: a list with it cannot be read. */
const NOWHERE_IN_JSON = Buffer.from("\0");

/** What entries of one source have in common. */
export interface EntryOrigin {
  readonly feed: Feed;
  readonly shard: string;
  readonly topic: string;
  readonly partition: number;
  /** Whether offsets are numbers, or ids of a stream's entries. */
  readonly hasNumericOffsets: boolean;
  readonly retries: RetryPolicy;
}

/** One event of a topic, or several that the handler gets as a list, on their way through the dispatcher. */
export class TopicEntry implements FunctionEvent, FeedEntry {
  readonly origin: EntryOrigin;
  readonly event: TopicEvent;
  /** Where the handler gets a list: what is in it, `event` last. */
  readonly list: readonly TopicEvent[] | undefined;
  readonly receivedAt: number;
  readonly body: Buffer;
  /** The text that it waited in the delay set as. */
  readonly delayed: string | undefined;
  isOver = false;
  readonly position = null;
  readonly context = NO_CONTEXT;
  readonly isSuperseded = false;

  constructor(
    origin: EntryOrigin,
    event: TopicEvent,
    receivedAt: number,
    list?: readonly TopicEvent[],
    delayed?: string,
  ) {
    this.origin = origin;
    this.event = event;
    this.list = list;
    this.receivedAt = receivedAt;
    this.body = list === undefined ? event.body : listOf(list);
    this.delayed = delayed;
  }

  get feed(): Feed {
    return this.origin.feed;
  }

  get topic(): string {
    return this.origin.topic;
  }

  get partition(): number {
    return this.origin.partition;
  }

  get retries(): RetryPolicy {
    return this.origin.retries;
  }

  get source(): string {
    return this.origin.feed.source;
  }

  get shard(): string {
    return this.origin.shard;
  }

  get key(): Buffer | null {
    return this.event.key;
  }

  get isList(): boolean {
    return this.list !== undefined;
  }

  get size(): number {
    return this.list?.length ?? 1;
  }

  get eventId(): string {
    return idOf(this.origin, this.event);
  }

  get hops(): number {
    return hopsOf(this.event.headers);
  }

  get user(): string | undefined {
    return publisherOf(this.list ?? [this.event]);
  }

  headText(attempt: number): string {
    const { topic, partition, hasNumericOffsets } = this.origin;
    return topicHead(topic, partition, hasNumericOffsets, this.event, attempt, this.list);
  }

  letters(error: string, details: string, attempts: number): readonly DeadLetter[] {
    const { topic, partition } = this.origin;
    return (this.list ?? [this.event]).map((event): DeadLetter => {
      const key: DeadLetter["origin"] = event.key === null ? {} : { key: event.key };
      const origin = {
        partition: String(partition),
        offset: event.position,
        timestamp: String(event.timestamp),
        ...key,
        headers: JSON.stringify(event.headers),
        eventId: idOf(this.origin, event),
      };
      const { delayed, source } = this;
      return { source, body: event.body, error, details, attempts, topic, origin, delayed };
    });
  }

  delayedText(attempts: number): string {
    const { topic, partition } = this.origin;
    return writeDelayed({ topic, partition, event: this.event, attempts });
  }
}

function idOf({ topic, partition }: EntryOrigin, { headers, position }: TopicEvent): string {
  return givenId(headers) ?? `${topic}/${partition}/${position}`;
}

function listOf(events: readonly TopicEvent[]): Buffer {
  const parts: Buffer[] = [OPENING];
  for (const [index, { body }] of events.entries()) {
    if (index > 0) parts.push(COMMA);
    parts.push(body);
    // Else `{},{}` would be two events to the handler, and an empty one none.
    if (!isOneValue(body)) parts.push(NOWHERE_IN_JSON);
  }
  return Buffer.concat([...parts, CLOSING]);
}
