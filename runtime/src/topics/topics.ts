/**
 * The port that topics stand behind, and what both adapters of it (`redis-stream/`, `kafka/`) give and take.
 *
 * A topic is a named stream of events that keeps them for a while, in one or more partitions. Order holds within
 * a partition. A group, named after its function, reads every event once: where it has several members, each
 * partition belongs to one of them at a time.
 */

/** What an engine's name is in `GAUGELET_TOPICS`. */
export const TOPIC_ENGINES = ["redis", "kafka"] as const;
export type TopicEngineName = (typeof TOPIC_ENGINES)[number];

/** Letters, digits, dots, dashes and underscores, 249 at most: what Kafka allows, on either engine. */
export const TOPIC_NAME = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/;

/** Names and values; both are text. */
export type Headers = Readonly<Record<string, string>>;

/** An event as a producer gives it. */
export interface NewEvent {
  /** Bytes of JSON, as a rule: nobody looks at them before the worker does. */
  readonly body: Buffer;
  /** Events with one key are in one partition, and so in order. Null: any partition. */
  readonly key: Buffer | null;
  readonly headers: Headers;
}

/** An event as a consumer gets it. */
export interface TopicEvent extends NewEvent {
  /** Where it stands in its partition: an offset, or the id of a stream's entry. */
  readonly position: string;
  /** When it was published, Unix milliseconds. */
  readonly timestamp: number;
}

/** An event as one looks at it, without being a consumer. */
export interface PeekedEvent extends TopicEvent {
  readonly partition: number;
}

/** One partition of a topic. */
export interface Partition {
  readonly topic: string;
  readonly number: number;
  /**
   * The field that its position is stored under. A topic that was deleted and made anew has other ones where its
   * positions begin again.
   */
  readonly source: string;
}

/** How long events are kept. Null: as long as there is room. */
export interface Retention {
  readonly seconds: number | null;
  /** Of each partition. A Redis Stream counts events, Kafka bytes. */
  readonly events: number | null;
  readonly bytes: number | null;
}

/** What a topic is made with. What is undefined is the engine's own default. */
export interface TopicOptions {
  /** Always 1 on a Redis Stream. */
  readonly partitions?: number | undefined;
  readonly retention?: Partial<Retention> | undefined;
}

/** What is known of a topic. */
export interface TopicDescription {
  readonly name: string;
  readonly partitions: readonly {
    readonly number: number;
    /** Events that are kept, or an upper bound of them. */
    readonly events: number;
    /** Position of the newest event; null: there was none yet. */
    readonly newest: string | null;
    /** Events that were ever published to it; null: the engine does not know. */
    readonly published: number | null;
  }[];
  readonly retention: Retention;
}

/** How far a group is behind in one topic. */
export interface TopicLag {
  readonly topic: string;
  /** Events that are published and not committed by the group; a new group's lag is everything that is kept. */
  readonly events: number;
  /** Events that the topic's retention dropped before the group committed them: these are lost to it. */
  readonly dropped: number;
}

/** One of the ends of a topic. */
export type TopicEnd = "newest" | "oldest";

/**
 * Where a group begins in a partition that nothing is stored of: at an end, or after positions, by partitions. One that
 * has none was added since these were taken, and is read from its first event on.
 */
export type TopicStart = TopicEnd | ReadonlyMap<number, string>;

/** Something about a topic cannot be done. The message says what and why. */
export class TopicError extends Error {
  override readonly name = "TopicError";
  readonly code: "unknown-topic" | "topic-exists" | "invalid-topic" | "invalid-option" | "not-allowed";

  constructor(code: TopicError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Who is given a group's events. Nothing that it does may throw. */
export interface ConsumerListener {
  /**
   * A partition is this member's now. Nothing of it comes before the answer: the position of the newest event that
   * was handled, as it is stored beside what the event came to, which wins over what the group committed. Undefined:
   * nothing is stored, and what the group committed counts, and else `start`.
   */
  onAssigned(partition: Partition): Promise<string | undefined>;
  /**
   * Events of a partition, in their order, none twice and none left out since the position that `onAssigned`
   * answered. A partition is paused by a member that has enough; what is under way may still come.
   */
  onEvents(partition: Partition, events: readonly TopicEvent[]): void;
  /** A partition is no more this member's; nothing of it comes any more. */
  onRevoked(partition: Partition): void;
  /** Why nothing comes for now, once for each new reason; null: it comes again. */
  onProblem(reason: string | null): void;
}

/** A member of a group. A topic that does not exist is waited for, and read from its first event on. */
export interface Consumer {
  /** Let no more of a partition come, until `resume`. */
  pause(partition: Partition): void;
  resume(partition: Partition): void;
  /**
   * Read a partition anew, as if it had just been assigned: `onRevoked`, then `onAssigned` ask where to begin.
   * Where it is no more this member's, nothing happens.
   */
  rewind(partition: Partition): void;
  /** Note for the group and for those who look at it that everything up to a position is handled. Not waited for. */
  commit(partition: Partition, position: string): void;
  /** Change what is read, without disturbing what stays. */
  subscribe(topics: ReadonlyMap<string, TopicStart>): void;
  /** Commit what was noted and leave the group. Nothing comes any more once this is called. */
  stop(): Promise<void>;
}

/** Topics on one engine. All that fails for a reason that may pass is tried again by the engine, for a few seconds. */
export interface Topics {
  readonly engine: TopicEngineName;
  /**
   * Whether the members of a group share its partitions by themselves. Where not, a group must have one member at a
   * time, and whoever is it holds a lease.
   */
  readonly sharesPartitions: boolean;
  /** @throws TopicError where it exists, or the name or an option is none. */
  create(topic: string, options: TopicOptions): Promise<void>;
  /** The names of all topics, sorted. */
  list(): Promise<string[]>;
  /** @throws TopicError where there is no such topic. */
  describe(topic: string): Promise<TopicDescription>;
  /** @throws TopicError where there is no such topic. */
  delete(topic: string): Promise<void>;
  /**
   * Publish events, in their order where they share a key. A topic that does not exist is made where the engine
   * allows it.
   *
   * @returns when all of them are kept as safely as the engine can, with the position of each.
   * @throws TopicError where there is no such topic, and the engine's own errors once it has tried for a while.
   */
  publish(topic: string, events: readonly NewEvent[]): Promise<string[]>;
  /**
   * Look at events without handling any.
   *
   * @param end the newest ones, newest first, or the oldest ones that are kept, oldest first.
   * @returns at most so many of all partitions.
   * @throws TopicError where there is no such topic.
   */
  peek(topic: string, end: TopicEnd, most: number): Promise<PeekedEvent[]>;
  /**
   * Where a topic ends now, for a group to begin there later.
   *
   * @returns `oldest` where there is no such topic: all of its events are yet to come.
   */
  endOf(topic: string): Promise<TopicStart>;
  /** How far a group is behind, for each of these topics that exists. */
  lag(group: string, topics: readonly string[]): Promise<TopicLag[]>;
  /**
   * Become a member of a group.
   *
   * @param topics where to begin in those that nothing is stored or committed of.
   */
  consume(group: string, topics: ReadonlyMap<string, TopicStart>, listener: ConsumerListener): Consumer;
  /** Close every connection. */
  stop(): Promise<void>;
}
