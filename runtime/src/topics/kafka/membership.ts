import { setTimeout as sleep } from "node:timers/promises";
import { Consumer } from "@platformatic/kafka";
import { within } from "../../within.ts";
import type { ClientOptions } from "./client-options.ts";
import { explainKafkaError } from "./errors.ts";

/** A member that says nothing for so long is taken for gone, and its partitions are others'. Kafka's own least. */
const SESSION_MILLISECONDS = 6_000;
const HEARTBEAT_MILLISECONDS = 1_000;
const REBALANCE_MILLISECONDS = 10_000;
const RETRY_MILLISECONDS = 500;
const LEAVE_MILLISECONDS = 5_000;

/** What a member has: numbers of partitions by their topics. */
export type Assignments = ReadonlyMap<string, readonly number[]>;

/** Who hears of a membership. */
export interface MembershipListener {
  /**
   * What is this member's from now on.
   *
   * @param isContinuous whether what it had before has been nobody else's meanwhile.
   */
  onAssigned(assignments: Assignments, isContinuous: boolean): void;
  onProblem(reason: string): void;
}

/** A member of a group, by the classic protocol: it stays one for as long as it is wanted. */
export class Membership {
  readonly client: Consumer;
  readonly #listener: MembershipListener;
  #isJoining = false;
  #isWanted = false;
  #isStopped = false;
  /** The generation and the name that it was a member under last. */
  #last: { readonly memberId: string | null; readonly generationId: number } | undefined;

  constructor(options: ClientOptions, group: string, listener: MembershipListener) {
    this.#listener = listener;
    this.client = new Consumer({
      ...options,
      groupId: group,
      sessionTimeout: SESSION_MILLISECONDS,
      heartbeatInterval: HEARTBEAT_MILLISECONDS,
      rebalanceTimeout: REBALANCE_MILLISECONDS,
      autocommit: false,
      strict: false,
    });
    this.client.on("consumer:group:join", () => this.#hearAssigned());
    this.client.on("consumer:heartbeat:stalled", () => void this.#join());
    // Whatever it was, the membership is not sure any more.
    this.client.on("error", (error: Error) => {
      if (this.#isStopped) return;
      this.#listener.onProblem(explainKafkaError(error));
      void this.#join();
    });
  }

  /** Be a member for these topics, which all exist; for none, be none. */
  async want(topics: readonly string[]): Promise<void> {
    const before = new Set(this.client.topics.current);
    const after = new Set(topics);
    const added = topics.filter((topic) => !before.has(topic));
    const removed = [...before].filter((topic) => !after.has(topic));
    if (added.length === 0 && removed.length === 0) return;
    this.client.topics.trackAll(...added);
    this.client.topics.untrackAll(...removed);
    this.client.clearMetadata();
    this.#isWanted = topics.length > 0;
    if (this.#isWanted) await this.#join();
    else {
      this.#last = undefined;
      await new Promise<void>((resolve) => this.client.leaveGroup(true, () => resolve()));
      this.#listener.onAssigned(new Map(), false);
    }
  }

  /** Join anew: the topics have more partitions than they had. */
  rejoin(): void {
    this.client.clearMetadata();
    if (this.#isWanted) void this.#join();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    const closed = this.client.close(true).catch(() => {});
    await within(LEAVE_MILLISECONDS, closed, undefined);
  }

  async #join(): Promise<void> {
    if (this.#isJoining) return;
    this.#isJoining = true;
    while (this.#isWanted && !this.#isStopped) {
      try {
        await this.client.joinGroup({});
        break;
      } catch (error) {
        if (this.#isStopped) break;
        this.client.clearMetadata();
        this.#listener.onProblem(explainKafkaError(error));
        await sleep(RETRY_MILLISECONDS);
      }
    }
    this.#isJoining = false;
  }

  #hearAssigned(): void {
    if (this.#isStopped || !this.#isWanted) return;
    const { memberId, generationId, assignments } = this.client;
    const last = this.#last;
    this.#last = { memberId, generationId };
    const isContinuous = last?.memberId === memberId && generationId - last.generationId <= 1;
    this.#listener.onAssigned(
      new Map((assignments ?? []).map(({ topic, partitions }) => [topic, partitions])),
      isContinuous,
    );
  }
}
