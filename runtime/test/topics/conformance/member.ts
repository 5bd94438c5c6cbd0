import { waitFor } from "@gaugelet/testing/wait";
import type {
  Consumer,
  ConsumerListener,
  Partition,
  TopicEvent,
  TopicStart,
  Topics,
} from "../../../src/topics/topics.ts";
import { nameOf } from "./case.ts";

/** How a member differs from one that stores nothing and only listens. */
export interface MemberOptions {
  readonly topics?: Topics;
  /** The stored position of a partition. */
  readonly stored?: (partition: Partition) => string | undefined;
  /** Also told of events, after they were noted. */
  readonly onEvents?: (member: Member, partition: Partition, events: readonly TopicEvent[]) => void;
}

/** A member of a group that notes what it is told. */
export class Member implements ConsumerListener {
  readonly consumer: Consumer;
  /** Partitions that are its own now, by name. */
  readonly partitions = new Map<string, Partition>();
  /** What happened: `+topic/0` for an assignment, `-topic/0` for its end. */
  readonly turns: string[] = [];
  readonly events: { readonly partition: Partition; readonly event: TopicEvent }[] = [];
  /** What must not happen. */
  readonly faults: string[] = [];
  problem: string | null = null;
  readonly #options: MemberOptions;

  constructor(
    topics: Topics,
    group: string,
    from: Readonly<Record<string, TopicStart>>,
    options: MemberOptions,
  ) {
    this.#options = options;
    this.consumer = topics.consume(group, new Map(Object.entries(from)), this);
  }

  async onAssigned(partition: Partition): Promise<string | undefined> {
    const name = nameOf(partition);
    if (this.partitions.has(name)) this.faults.push(`${name} was assigned twice`);
    this.partitions.set(name, partition);
    this.turns.push(`+${name}`);
    return this.#options.stored?.(partition);
  }

  onEvents(partition: Partition, events: readonly TopicEvent[]): void {
    if (!this.partitions.has(nameOf(partition))) {
      this.faults.push(`events of ${nameOf(partition)}, which is not ours`);
    }
    for (const event of events) this.events.push({ partition, event });
    this.#options.onEvents?.(this, partition, events);
  }

  onRevoked(partition: Partition): void {
    const name = nameOf(partition);
    if (!this.partitions.delete(name)) this.faults.push(`${name} was revoked and is not ours`);
    this.turns.push(`-${name}`);
  }

  onProblem(reason: string | null): void {
    this.problem = reason;
  }

  /** The numbers of the events that came, of one topic or all. */
  numbers(topic?: string): number[] {
    return this.events
      .filter(({ partition }) => topic === undefined || partition.topic === topic)
      .map(({ event }) => Number(event.body.toString()));
  }

  /** Wait until that many events came, of one topic or all. */
  async received(count: number, topic?: string, seconds?: number): Promise<void> {
    const check = () => this.numbers(topic).length >= count;
    await waitFor(`${count} events`, check, seconds).catch((error: unknown) => {
      throw new Error(`${String(error)}; there are ${this.numbers(topic).length}; problem: ${this.problem}`);
    });
  }

  /** Wait until so many partitions are its own. */
  async assigned(count = 1): Promise<readonly Partition[]> {
    await waitFor(`${count} partitions`, () => this.partitions.size >= count);
    return [...this.partitions.values()];
  }
}
