import type { Logger } from "pino";
import { weightOf } from "../../configuration/classes.ts";
import { type FunctionDefinition, outputKeyOf } from "../../configuration/manifest.ts";
import type { TopicTriggerSpec } from "../../configuration/triggers.ts";
import type { Dispatcher } from "../../dispatcher/dispatcher.ts";
import type { ObservedTopics } from "../../observability/topic-metrics.ts";
import type { RedisStore } from "../../sinks/redis-store.ts";
import { givenId } from "../../topics/headers.ts";
import type {
  Consumer,
  ConsumerListener,
  Partition,
  TopicEvent,
  TopicLag,
  Topics,
} from "../../topics/topics.ts";
import { within } from "../../within.ts";
import { Beginnings } from "./beginnings.ts";
import { DelayedFeed } from "./delayed-feed.ts";
import { PartitionFeed } from "./partition-feed.ts";

/** A scrape does not wait for what is away: the runtime would seem to be away itself. */
const LAG_MILLISECONDS = 500;

/** What {@link TopicTriggers} are made of. */
export interface TopicTriggersParts {
  readonly definition: FunctionDefinition;
  readonly topics: Topics;
  readonly store: RedisStore;
  readonly dispatcher: Dispatcher;
  readonly log: Logger;
}

/** All that binds one function to topics: a member of its group, and a feed for each partition that is its. */
export class TopicTriggers implements ConsumerListener {
  readonly #parts: TopicTriggersParts;
  readonly #hasNumericOffsets: boolean;
  #specs: ReadonlyMap<string, TopicTriggerSpec> = new Map();
  readonly #beginnings: Beginnings;
  #consumer: Consumer | undefined;
  /** By the source of their partitions. */
  readonly #feeds = new Map<string, PartitionFeed>();
  /** Of each feed: events before these wait for an answer from Redis. */
  readonly #arriving = new Map<PartitionFeed, Promise<void>>();
  /** By their shards. */
  readonly #delayed = new Map<string, DelayedFeed>();
  #problem: string | null = null;
  /** Events that came, by topic. */
  readonly #consumed = new Map<string, number>();
  #assignments = 0;

  constructor(parts: TopicTriggersParts) {
    this.#parts = parts;
    this.#beginnings = new Beginnings(parts.topics);
    this.#hasNumericOffsets = parts.topics.engine === "kafka";
  }

  /**
   * Read these topics from now on, those that stay without a break.
   *
   * @param awaited those that another runtime reads, until this one does.
   */
  update(specs: readonly TopicTriggerSpec[], awaited: readonly TopicTriggerSpec[] = []): void {
    this.#specs = new Map(specs.map((spec) => [spec.topic, spec]));
    // From 0 on, so that the first events are an increase and not a new series.
    for (const { topic } of specs) this.#consumed.set(topic, this.#consumed.get(topic) ?? 0);
    const active = specs.filter(({ paused }) => !paused);
    const starts = new Map(active.map((spec) => [spec.topic, this.#beginnings.of(spec)]));
    if (starts.size === 0) {
      void this.stop();
    } else if (this.#consumer !== undefined) {
      this.#consumer.subscribe(starts);
      for (const feed of this.#feeds.values()) this.#updateFeed(feed);
    } else {
      this.#consumer = this.#parts.topics.consume(this.#parts.definition.name, starts, this);
    }
    if (specs.length > 0 && this.#parts.definition.state !== "partition") this.#startDelayed("");
    this.#beginnings.look(awaited);
  }

  /** What metrics show of it; undefined where this member has nothing to read. */
  get observed(): ObservedTopics | undefined {
    // One that is paused falls behind as well.
    if (this.#specs.size === 0) return undefined;
    const oldest = new Map<string, number | undefined>();
    for (const topic of this.#specs.keys()) oldest.set(topic, undefined);
    for (const { topic, oldest: own } of this.#feeds.values()) {
      const before = oldest.get(topic);
      oldest.set(topic, before === undefined || (own !== undefined && own < before) ? own : before);
    }
    return {
      consumed: this.#consumed,
      assignments: this.#assignments,
      oldest,
      isReading: this.#problem === null,
      lag: () => this.#lag(),
    };
  }

  async onAssigned(partition: Partition): Promise<string | undefined> {
    const { definition, dispatcher } = this.#parts;
    const spec = this.#specs.get(partition.topic);
    if (spec === undefined) return undefined;
    const shard = definition.state === "partition" ? `${partition.topic}-${partition.number}` : "";
    this.#close(partition.source);
    const feed: PartitionFeed = new PartitionFeed({
      partition,
      shard,
      spec,
      weight: this.#weightOf(spec),
      consumer: () => this.#consumer ?? NO_CONSUMER,
      hasNumericOffsets: this.#hasNumericOffsets,
      onReady: () => dispatcher.wake(shard, feed),
    });
    this.#feeds.set(partition.source, feed);
    this.#assignments += 1;
    const position = await dispatcher.open(shard, partition.source);
    if (!feed.isClosed) {
      dispatcher.attach(shard, feed);
      this.#startDelayed(shard);
    }
    return position;
  }

  onEvents(partition: Partition, events: readonly TopicEvent[]): void {
    const feed = this.#feeds.get(partition.source);
    if (feed === undefined) return;
    this.#consumed.set(feed.topic, (this.#consumed.get(feed.topic) ?? 0) + events.length);
    const before = this.#arriving.get(feed);
    const isNamed = events.some(({ headers }) => givenId(headers) !== undefined);
    if (before === undefined && !isNamed) {
      feed.add(events);
      return;
    }
    feed.expect(events);
    const arriving = (before ?? Promise.resolve())
      .then(() => (isNamed ? this.#unseen(feed, events) : events))
      .then((unseen) => feed.addExpected(events, unseen))
      .then(() => {
        if (this.#arriving.get(feed) === arriving) this.#arriving.delete(feed);
      });
    this.#arriving.set(feed, arriving);
  }

  onRevoked(partition: Partition): void {
    this.#close(partition.source);
  }

  onProblem(reason: string | null): void {
    const { log, topics } = this.#parts;
    if (reason === this.#problem) return;
    this.#problem = reason;
    if (reason === null) log.info("all topics can be read");
    else log.warn({ reason, topics: topics.engine }, `not all topics can be read, trying on: ${reason}`);
  }

  /** Read nothing any more, and commit what is handled. */
  async stop(): Promise<void> {
    this.#beginnings.stop();
    const consumer = this.#consumer;
    this.#consumer = undefined;
    for (const shard of this.#delayed.keys()) this.#stopDelayed(shard);
    // Before anything else happens: another consumer may follow at once, whose feeds are none of ours.
    for (const source of this.#feeds.keys()) this.#close(source);
    await consumer?.stop();
  }

  async #lag(): Promise<readonly TopicLag[]> {
    const { topics, definition } = this.#parts;
    try {
      const lags = topics.lag(definition.name, [...this.#specs.keys()]);
      return await within(LAG_MILLISECONDS, lags, []);
    } catch {
      // Whatever it is, reading has the same trouble and says so.
      return [];
    }
  }

  /** Those that were not handled before, by the names that their producers gave them. */
  async #unseen(feed: PartitionFeed, events: readonly TopicEvent[]): Promise<readonly TopicEvent[]> {
    const { definition, store, dispatcher } = this.#parts;
    const ids = events.flatMap(({ headers }) => givenId(headers) ?? []);
    const outputKey = outputKeyOf(definition, feed.shard);
    const seen = new Set(await store.seen(outputKey, ids, dispatcher.patience));
    return events.filter(({ headers }) => {
      const id = givenId(headers);
      if (id === undefined) return true;
      if (seen.has(id) || feed.holds(id)) return false;
      feed.hold(id);
      return true;
    });
  }

  #weightOf(spec: TopicTriggerSpec): number {
    return weightOf(spec.class ?? this.#parts.definition.class);
  }

  #updateFeed(feed: PartitionFeed): void {
    const spec = this.#specs.get(feed.topic);
    if (spec === undefined) return;
    const { dispatcher } = this.#parts;
    // Flows are kept by their weights.
    dispatcher.detach(feed.shard, feed);
    feed.update(spec, this.#weightOf(spec));
    dispatcher.attach(feed.shard, feed);
    dispatcher.wake(feed.shard, feed);
  }

  #startDelayed(shard: string): void {
    const { definition, dispatcher, store } = this.#parts;
    if (this.#delayed.has(shard)) return;
    const outputKey = outputKeyOf(definition, shard);
    const delayed: DelayedFeed = new DelayedFeed({
      shard,
      timeout: definition.limits.timeout,
      weight: weightOf(definition.class),
      hasNumericOffsets: this.#hasNumericOffsets,
      specOf: (topic) => this.#specs.get(topic),
      claim: (most, milliseconds) => store.claimDelayed(outputKey, most, milliseconds),
      giveBack: (texts) => void store.giveBackDelayed(outputKey, texts),
      onReady: () => dispatcher.wake(shard, delayed),
    });
    this.#delayed.set(shard, delayed);
    dispatcher.attach(shard, delayed);
  }

  #stopDelayed(shard: string): void {
    const delayed = this.#delayed.get(shard);
    if (delayed === undefined) return;
    this.#delayed.delete(shard);
    delayed.close();
    this.#parts.dispatcher.detach(shard, delayed);
  }

  #close(source: string): void {
    const feed = this.#feeds.get(source);
    if (feed === undefined) return;
    this.#feeds.delete(source);
    this.#arriving.delete(feed);
    feed.close();
    this.#parts.dispatcher.detach(feed.shard, feed);
    if (feed.shard !== "") this.#stopDelayed(feed.shard);
  }
}

/** What is left to do of a consumer that has stopped. */
const NO_CONSUMER = { pause: () => {}, resume: () => {}, rewind: () => {}, commit: () => {} };
