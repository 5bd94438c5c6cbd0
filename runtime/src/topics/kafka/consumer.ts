import type { Consumer, ConsumerListener, Partition, TopicEvent, TopicStart } from "../topics.ts";
import type { KafkaAdmin, OffsetRange } from "./admin.ts";
import { Assigned } from "./assigned.ts";
import type { ClientOptions } from "./client-options.ts";
import { Commits } from "./commits.ts";
import { explainKafkaError } from "./errors.ts";
import { Fetcher } from "./fetcher.ts";
import { type Assignments, Membership } from "./membership.ts";
import { partitionOf } from "./source.ts";
import { whyNotRead } from "./why-not-read.ts";

/** How often topics that are missing are looked for. */
const LOOK_MILLISECONDS = 500;
/** How often it is looked whether topics are still what they were, in looks. */
const LOOKS_PER_CHECK = 60;
const RETRY_MILLISECONDS = 500;

/** A topic that exists. */
interface Existing {
  readonly id: string;
  readonly partitions: number;
}

/** A member of a group that Kafka shares partitions among. */
export class KafkaConsumer implements Consumer {
  readonly #group: string;
  readonly #admin: KafkaAdmin;
  readonly #listener: ConsumerListener;
  readonly #membership: Membership;
  readonly #fetcher: Fetcher;
  #wanted: ReadonlyMap<string, TopicStart>;
  #existing: ReadonlyMap<string, Existing> = new Map();
  /** Topics that were not there when they were first looked for: all of their events count. */
  readonly #missing = new Set<string>();
  /** Where the group begins in topics that it had never read, by their partitions. */
  readonly #beginnings = new Map<string, Promise<ReadonlyMap<number, number>>>();
  /** By source. */
  readonly #assigned = new Map<string, Assigned>();
  readonly #commits: Commits;
  readonly #timer: NodeJS.Timeout;
  #looks = 0;
  #looking: Promise<void> | undefined;
  #lookAgain = false;
  /** What is wrong with topics, and with Kafka. */
  #topicProblem: string | null = null;
  #kafkaProblem: string | null = null;
  #told: string | null = null;
  #isStopped = false;

  constructor(
    options: ClientOptions,
    admin: KafkaAdmin,
    group: string,
    topics: ReadonlyMap<string, TopicStart>,
    listener: ConsumerListener,
  ) {
    this.#group = group;
    this.#admin = admin;
    this.#listener = listener;
    this.#wanted = topics;
    this.#membership = new Membership(options, group, {
      onAssigned: (assignments, isContinuous) => this.#assign(assignments, isContinuous),
      onProblem: (reason) => this.#tellKafka(reason),
    });
    this.#fetcher = new Fetcher(this.#membership.client, () => this.#assigned.values(), {
      onEvents: (assigned, events) => this.#give(assigned, events),
      onOutOfRange: (assigned) => void this.#moveIntoRange(assigned),
      onUnknownTopic: () => this.#look(),
      onProblem: (reason) => this.#tellKafka(reason),
    });
    this.#commits = new Commits(this.#membership.client, (source) => this.#assigned.has(source));
    this.#timer = setInterval(() => this.#tick(), LOOK_MILLISECONDS);
    this.#look();
  }

  pause({ source }: Partition): void {
    const assigned = this.#assigned.get(source);
    if (assigned !== undefined) assigned.isPaused = true;
  }

  resume({ source }: Partition): void {
    const assigned = this.#assigned.get(source);
    if (assigned === undefined) return;
    assigned.isPaused = false;
    this.#fetcher.wake();
  }

  rewind({ source }: Partition): void {
    const assigned = this.#assigned.get(source);
    if (assigned === undefined) return;
    this.#revoke(assigned);
    this.#begin(assigned.partition, assigned.topicId);
  }

  commit(partition: Partition, position: string): void {
    const assigned = this.#assigned.get(partition.source);
    // What came after the last event, such as the end of a transaction, is no event that anybody waits for.
    const next = assigned?.last === position ? assigned.offset : undefined;
    this.#commits.add(partition, BigInt(next ?? Number(position) + 1));
  }

  subscribe(topics: ReadonlyMap<string, TopicStart>): void {
    this.#wanted = topics;
    void this.#commits.send();
    for (const assigned of this.#assigned.values()) {
      if (!topics.has(assigned.partition.topic)) this.#revoke(assigned);
    }
    for (const topic of this.#missing) if (!topics.has(topic)) this.#missing.delete(topic);
    for (const topic of this.#beginnings.keys()) if (!topics.has(topic)) this.#beginnings.delete(topic);
    this.#look();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#timer);
    this.#fetcher.stop();
    for (const assigned of this.#assigned.values()) assigned.isCurrent = false;
    await this.#commits.stop();
    this.#assigned.clear();
    await this.#membership.stop();
    await this.#looking;
  }

  #tick(): void {
    this.#looks += 1;
    const isSomeMissing = [...this.#wanted.keys()].some((topic) => !this.#existing.has(topic));
    if (isSomeMissing || this.#looks % LOOKS_PER_CHECK === 0) this.#look();
  }

  #look(): void {
    if (this.#looking !== undefined) {
      this.#lookAgain = true;
      return;
    }
    this.#looking = this.#lookOnce().finally(() => {
      this.#looking = undefined;
      if (this.#lookAgain && !this.#isStopped) this.#look();
      this.#lookAgain = false;
    });
  }

  /** See which topics there are, and be a member for them. */
  async #lookOnce(): Promise<void> {
    const wanted = [...this.#wanted.keys()];
    let found: ReadonlyMap<string, Existing>;
    let missing: readonly string[];
    let hidden: ReadonlySet<string>;
    try {
      found = await this.#admin.ids(wanted);
      missing = wanted.filter((topic) => !found.has(topic));
      hidden = await this.#admin.hidden(missing);
    } catch (error) {
      this.#tellKafka(explainKafkaError(error));
      return;
    }
    if (this.#isStopped) return;
    for (const topic of missing) if (!hidden.has(topic)) this.#missing.add(topic);
    this.#topicProblem = whyNotRead(missing, hidden);
    this.#tell();
    const before = this.#existing;
    this.#existing = found;
    let isGrown = false;
    for (const [topic, { id, partitions }] of found) {
      const known = before.get(topic);
      if (known === undefined) continue;
      // Made anew: nothing of what it was is left.
      if (known.id !== id) {
        this.#missing.add(topic);
        this.#revokeTopic(topic);
        isGrown = true;
      } else if (partitions !== known.partitions) isGrown = true;
    }
    for (const topic of before.keys()) if (!found.has(topic)) this.#revokeTopic(topic);
    const isKnown = this.#membership.isWanted;
    this.#membership.want([...found.keys()]);
    if (isGrown && isKnown) this.#membership.rejoin();
  }

  #assign(assignments: Assignments, isContinuous: boolean): void {
    if (this.#isStopped) return;
    const mine = new Map<string, readonly [Partition, string]>();
    for (const [topic, numbers] of assignments) {
      const id = this.#existing.get(topic)?.id;
      if (id === undefined || !this.#wanted.has(topic)) continue;
      for (const number of numbers) {
        const partition = partitionOf(topic, id, number);
        mine.set(partition.source, [partition, id]);
      }
    }
    for (const [source, assigned] of this.#assigned) {
      if (!isContinuous || !mine.has(source)) this.#revoke(assigned);
    }
    for (const [source, [partition, id]] of mine) {
      if (!this.#assigned.has(source)) this.#begin(partition, id);
    }
    this.#fetcher.wake();
  }

  #begin(partition: Partition, topicId: string): void {
    const assigned = new Assigned(partition, topicId);
    this.#assigned.set(partition.source, assigned);
    void this.#findStart(assigned);
  }

  async #findStart(assigned: Assigned): Promise<void> {
    const { partition } = assigned;
    const stored = await this.#listener.onAssigned(partition);
    while (assigned.isCurrent) {
      try {
        const offset = stored === undefined ? await this.#startOf(partition) : Number(stored) + 1;
        if (!assigned.isCurrent) return;
        assigned.offset = offset;
        // It has its place from now on, also where it is gone before the first event comes.
        if (stored === undefined) this.#commits.add(partition, BigInt(offset));
        this.#fetcher.wake();
        return;
      } catch (error) {
        this.#tellKafka(explainKafkaError(error));
        await new Promise((resolve) => setTimeout(resolve, RETRY_MILLISECONDS));
      }
    }
  }

  async #startOf({ topic, number }: Partition): Promise<number> {
    const { first, next } = (await this.#admin.ranges(topic, [number])).get(number) ?? { first: 0, next: 0 };
    // What is committed may be of the topic that was there before: it is kept by the name.
    if (this.#missing.has(topic)) return first;
    const count = Math.max(this.#existing.get(topic)?.partitions ?? 0, number + 1);
    const all = Array.from({ length: count }, (_, each) => each);
    const committed = await this.#admin.committed(this.#group, topic, all);
    const own = committed.get(number);
    if (own !== undefined && own <= next) return Math.max(own, first);
    if (this.#wanted.get(topic) === "oldest") return first;
    if (own !== undefined) return next;
    // It was added later than the group began with the others: all of its events count.
    if (committed.size > 0) return first;
    return (await this.#beginningOf(topic, all)).get(number) ?? next;
  }

  /** Give the group its place in all partitions that there are, at once: one that has none is known to be added later. */
  #beginningOf(topic: string, numbers: readonly number[]): Promise<ReadonlyMap<number, number>> {
    const begin = async (): Promise<ReadonlyMap<number, number>> => {
      const ranges = await this.#admin.ranges(topic, numbers);
      const start = this.#wanted.get(topic);
      const offsets = new Map([...ranges].map(([number, range]) => [number, offsetAt(start, number, range)]));
      await this.#commits.begin(topic, offsets);
      return offsets;
    };
    const beginning = this.#beginnings.get(topic) ?? begin();
    this.#beginnings.set(topic, beginning);
    beginning.catch(() => this.#beginnings.delete(topic));
    return beginning;
  }

  /** What was to come next is not kept any more: go on with the oldest that is. */
  async #moveIntoRange(assigned: Assigned): Promise<void> {
    const { partition, offset = 0 } = assigned;
    assigned.offset = undefined;
    try {
      const range = (await this.#admin.ranges(partition.topic, [partition.number])).get(partition.number);
      if (range === undefined || !assigned.isCurrent) return;
      const { topic, number } = partition;
      const lost =
        range.first > offset
          ? `events ${offset} to ${range.first - 1} were dropped`
          : `there is no event ${offset}`;
      // The next events say that it is over.
      this.#told = `topic ${topic}, partition ${number}: ${lost}; going on with ${range.first}`;
      this.#listener.onProblem(this.#told);
      assigned.offset = range.first;
    } catch (error) {
      this.#tellKafka(explainKafkaError(error));
      assigned.offset = offset;
    }
    this.#fetcher.wake();
  }

  #give({ partition }: Assigned, events: readonly TopicEvent[]): void {
    this.#listener.onEvents(partition, events);
  }

  #revokeTopic(topic: string): void {
    for (const assigned of this.#assigned.values()) {
      if (assigned.partition.topic === topic) this.#revoke(assigned);
    }
  }

  #revoke(assigned: Assigned): void {
    const { source } = assigned.partition;
    assigned.isCurrent = false;
    if (this.#assigned.get(source) === assigned) this.#assigned.delete(source);
    this.#commits.forget(source);
    this.#listener.onRevoked(assigned.partition);
  }

  #tellKafka(reason: string | null): void {
    this.#kafkaProblem = reason;
    this.#tell();
  }

  #tell(): void {
    const reason = this.#kafkaProblem ?? this.#topicProblem;
    if (reason === this.#told || this.#isStopped) return;
    this.#told = reason;
    this.#listener.onProblem(reason);
  }
}

/** Where a group begins in a partition, if not at its first event. */
function offsetAt(start: TopicStart | undefined, number: number, { first, next }: OffsetRange): number {
  if (start === undefined || typeof start === "string") return next;
  const offset = Number(start.get(number) ?? -1) + 1;
  // One after all that there ever was is of a topic of that name before this one.
  return offset > next ? first : Math.max(offset, first);
}
