import type { Consumer } from "@platformatic/kafka";
import type { Partition } from "../topics.ts";

const EVERY_MILLISECONDS = 1_000;

/** The offset that a group goes on with. */
interface Commit {
  readonly partition: Partition;
  readonly offset: bigint;
}

/**
 * Tells Kafka how far a group is, for those who look at it: our own stored positions are what counts.
 * What Kafka does not take, as when the group is shared anew meanwhile, it is told again.
 */
export class Commits {
  readonly #client: Consumer;
  readonly #isOurs: (source: string) => boolean;
  /** Not told yet, by source. */
  readonly #waiting = new Map<string, Commit>();
  readonly #timer: NodeJS.Timeout;
  #sending: Promise<void> | undefined;

  /** @param isOurs whether a partition is still this member's, by its source. */
  constructor(client: Consumer, isOurs: (source: string) => boolean) {
    this.#client = client;
    this.#isOurs = isOurs;
    this.#timer = setInterval(() => void this.send(), EVERY_MILLISECONDS);
  }

  add(partition: Partition, offset: bigint): void {
    this.#waiting.set(partition.source, { partition, offset });
  }

  /**
   * Have the group begin at these offsets of a topic's partitions, all of them or none, whoever is to read them.
   *
   * @throws Error where Kafka does not take it.
   */
  async begin(topic: string, beginnings: ReadonlyMap<number, number>): Promise<void> {
    const offsets = [...beginnings].map(([partition, offset]) => ({
      topic,
      partition,
      offset: BigInt(offset),
      leaderEpoch: -1,
    }));
    await this.#client.commit({ offsets });
  }

  /** The partition is another member's from now on. */
  forget(source: string): void {
    this.#waiting.delete(source);
  }

  /** Tell Kafka at once. One at a time: what is sent again must not come after what is newer. */
  send(): Promise<void> {
    this.#sending ??= this.#send().finally(() => {
      this.#sending = undefined;
    });
    return this.#sending;
  }

  /** Tell Kafka once more, and then no more. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sending;
    await this.send();
  }

  async #send(): Promise<void> {
    const commits = [...this.#waiting.values()];
    if (commits.length === 0 || this.#client.memberId === null) return;
    this.#waiting.clear();
    const offsets = commits.map(({ partition: { topic, number }, offset }) => ({
      topic,
      partition: number,
      offset,
      leaderEpoch: -1,
    }));
    await this.#client.commit({ offsets }).catch(() => {
      for (const commit of commits) {
        const { source } = commit.partition;
        if (this.#isOurs(source) && !this.#waiting.has(source)) this.#waiting.set(source, commit);
      }
    });
  }
}
