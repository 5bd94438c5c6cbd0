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
/** A join by the client itself is over by then, heard of or not. */
const LONGEST_REBALANCE_MILLISECONDS = REBALANCE_MILLISECONDS + SESSION_MILLISECONDS;
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

/**
 * A member of a group, by the classic protocol: it stays one for as long as it is wanted.
 *
 * Which topics it is for changes between two joins alone: where they change during one, the client assigns what it knows
 * nothing of, and throws where nobody can catch it.
 */
export class Membership {
  readonly client: Consumer;
  readonly #listener: MembershipListener;
  #wanted: readonly string[] = [];
  /** Whether something was asked for that no join has begun for. */
  #isDue = false;
  #isJoining = false;
  /** When the client began to join by itself, as others joined, on the clock of performance.now(). */
  #rebalancingSince = Number.NEGATIVE_INFINITY;
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
    this.client.on("consumer:group:rebalance", () => {
      this.#rebalancingSince = performance.now();
    });
    this.client.on("consumer:group:join", () => {
      this.#rebalancingSince = Number.NEGATIVE_INFINITY;
      this.#hearAssigned();
      if (this.#isDue) void this.#join();
    });
    this.client.on("consumer:heartbeat:stalled", () => this.#joinAnew());
    // Whatever it was, the membership is not sure any more.
    this.client.on("error", (error: Error) => {
      if (this.#isStopped) return;
      this.#listener.onProblem(explainKafkaError(error));
      this.#joinAnew();
    });
  }

  /** Whether there are topics that it is to be a member for. */
  get isWanted(): boolean {
    return this.#wanted.length > 0;
  }

  /**
   * Be a member for these topics, which all exist; for none, be none. Nobody waits for it: it may take until one of them
   * that was deleted meanwhile is not wanted any more.
   */
  want(topics: readonly string[]): void {
    if (new Set(topics).symmetricDifference(new Set(this.#wanted)).size > 0) {
      this.#wanted = topics;
      this.#isDue = true;
    }
    if (this.#isDue) void this.#join();
  }

  /** Join anew: the topics have more partitions than they had. */
  rejoin(): void {
    if (!this.isWanted) return;
    this.#isDue = true;
    void this.#join();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    const closed = this.client.close(true).catch(() => {});
    await within(LEAVE_MILLISECONDS, closed, undefined);
  }

  #joinAnew(): void {
    this.#rebalancingSince = Number.NEGATIVE_INFINITY;
    if (this.isWanted && !this.#isJoining) this.#isDue = true;
    void this.#join();
  }

  /** Join, or leave, until it is as was asked last. */
  async #join(): Promise<void> {
    // When that is over it goes on.
    if (this.#isJoining || performance.now() - this.#rebalancingSince < LONGEST_REBALANCE_MILLISECONDS)
      return;
    this.#isJoining = true;
    while (this.#isDue && !this.#isStopped) {
      this.#isDue = false;
      this.#track();
      try {
        if (this.isWanted) await this.client.joinGroup({});
        else await this.#leave();
      } catch (error) {
        if (this.#isStopped) break;
        this.#isDue = true;
        this.#listener.onProblem(explainKafkaError(error));
        await sleep(RETRY_MILLISECONDS);
      }
    }
    this.#isJoining = false;
  }

  #track(): void {
    const { topics } = this.client;
    topics.untrackAll(...topics.current.filter((topic) => !this.#wanted.includes(topic)));
    // It counts how often each is tracked.
    topics.trackAll(...this.#wanted.filter((topic) => !topics.has(topic)));
    this.client.clearMetadata();
  }

  async #leave(): Promise<void> {
    this.#last = undefined;
    await new Promise<void>((resolve) => this.client.leaveGroup(true, () => resolve()));
    this.#listener.onAssigned(new Map(), false);
  }

  #hearAssigned(): void {
    if (this.#isStopped || !this.isWanted) return;
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
