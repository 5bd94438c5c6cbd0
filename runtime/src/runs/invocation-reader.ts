import { setTimeout as sleep } from "node:timers/promises";
import { INVOCATIONS_KEY } from "@gaugelet/shared/keys";
import type { Redis } from "ioredis";
import { LRUCache } from "lru-cache";
import type { Logger } from "pino";
import type { CallAnswer } from "../triggers/http/callable.ts";
import type { Target } from "../triggers/http/targets.ts";
import { AcceptedCalls, MOST_AT_ONCE } from "./accepted-calls.ts";
import { CallsUnderWay } from "./calls-under-way.ts";
import { type InvocationEntry, readEntry } from "./invocation-entry.ts";
import type { Invocations, StartedInvocation } from "./invocations.ts";
import type { KnownFunctions } from "./known-functions.ts";
import { LeftCalls } from "./left-calls.ts";

const MOST_NAMES_KNOWN = 10_000;
/** Calls of one function that are tried again soon when they are refused for a limit; others are left to later. */
const MOST_REFUSED = 64;
const WAIT_MILLISECONDS = 1_000;
/** Where there are more abandoned calls to look at. */
const SHORT_WAIT_MILLISECONDS = 200;
const RETRY_MILLISECONDS = 500;
/** A function whose calls under way were lost when it changed answers no more. */
const PATIENCE_WITH_REPLACED_MILLISECONDS = 10_000;

/** What an {@link InvocationReader} needs. */
export interface InvocationReaderParts {
  /** A connection of its own: it waits on it. */
  readonly redis: Redis;
  /** Of this process. */
  readonly consumer: string;
  readonly invocations: Pick<Invocations, "carryOut">;
  readonly functions: Pick<KnownFunctions, "here" | "ready">;
  readonly log: Logger;
}

/**
 * Carries out calls that were accepted: each by a runtime that answers for its function, which says every second that it
 * is at it. One that ends before the run is stored leaves the call to another, as does one that only stands by.
 */
export class InvocationReader {
  readonly #parts: InvocationReaderParts;
  readonly #calls: AcceptedCalls;
  readonly #stopping = new AbortController();
  readonly #underWay = new CallsUnderWay();
  readonly #left = new LeftCalls();
  /** By their ids the functions of calls that were seen and not taken: they may be large, and wait for days. */
  readonly #functionOf = new LRUCache<string, string>({ max: MOST_NAMES_KNOWN });
  /** By function: those of them that were refused, and wait to be tried again. They keep no others from being begun. */
  readonly #refused = new Map<string, Set<string>>();
  readonly #timer: NodeJS.Timeout;
  #reading: Promise<void> = Promise.resolve();

  constructor(parts: InvocationReaderParts) {
    this.#parts = parts;
    this.#calls = new AcceptedCalls(parts.redis, parts.consumer);
    this.#timer = setInterval(() => void this.#sayUnderWay().catch(() => {}), WAIT_MILLISECONDS);
  }

  start(): void {
    this.#reading = this.#read();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopping.abort();
    this.#calls.disconnect();
    await this.#reading;
  }

  async #read(): Promise<void> {
    const { signal } = this.#stopping;
    let isThere = false;
    while (!signal.aborted) {
      try {
        if (!isThere) await this.#calls.makeGroup();
        isThere = true;
        await this.#takeAbandoned();
        await this.#takeLeft();
        const isSoon = this.#calls.mayHaveAbandoned || this.#left.count > 0;
        const entries = await this.#calls.read(isSoon ? SHORT_WAIT_MILLISECONDS : WAIT_MILLISECONDS);
        for (const entry of entries) this.#carryOut(entry);
      } catch (error) {
        if (signal.aborted) return;
        // Redis may have lost it.
        isThere = false;
        if (this.#calls.isReachable) {
          this.#parts.log.debug({ err: error }, "cannot read what the API accepted; trying again");
        }
        await sleep(RETRY_MILLISECONDS, undefined, { signal }).catch(() => {});
      }
    }
  }

  /** Take over what others left behind, as far as its function runs here. */
  async #takeAbandoned(): Promise<void> {
    for (const id of await this.#calls.nextAbandoned()) {
      if (!this.#underWay.has(id)) await this.#takeOver(id);
    }
  }

  async #takeOver(id: string): Promise<void> {
    const known = this.#functionOf.get(id);
    if (known !== undefined && !this.#takes(known)) return;
    const entry = await this.#calls.entry(id);
    if (entry === undefined) {
      await this.#calls.acknowledge(id);
      return;
    }
    const started = readEntry(entry);
    if (started !== undefined && !this.#takes(started.function)) {
      this.#functionOf.set(id, started.function);
      return;
    }
    if (await this.#calls.claimAbandoned(id)) this.#carryOut(entry);
  }

  /** Take up what was left for want of room, as far as there is some. */
  async #takeLeft(): Promise<void> {
    for (const name of this.#left.names) {
      if (!this.#isAnswered(name)) this.#left.drop(name);
      while (this.#underWay.hasRoom(name)) {
        const ids = this.#left.take(name, MOST_AT_ONCE);
        if (ids.length === 0) break;
        // It may have been found as one that others left behind.
        const waiting = ids.filter((id) => !this.#underWay.has(id));
        if (waiting.length === 0) continue;
        for (const entry of await this.#calls.takeUp(waiting)) this.#carryOut(entry);
      }
    }
  }

  /** Whether a call of a function may be begun here now. */
  #takes(name: string): boolean {
    return this.#isAnswered(name) && this.#underWay.hasRoom(name);
  }

  /** Whether calls of a function are answered here, as far as is known. */
  #isAnswered(name: string): boolean {
    const target = this.#parts.functions.here(name);
    return target !== undefined && target.callable.answeredBy === undefined;
  }

  #carryOut(entry: InvocationEntry): void {
    const id = entry[0].toString();
    const { functions, log } = this.#parts;
    const started = readEntry(entry);
    if (started === undefined) {
      log.warn({ entry: id }, `entry ${id} of ${INVOCATIONS_KEY} is no call: left out`);
      this.#done(id);
      return;
    }
    const { function: name, body } = started;
    if (!this.#takes(name)) {
      this.#underWay.end(id);
      // Or whoever has the function takes it over.
      if (this.#isAnswered(name)) this.#left.add(name, id);
      else this.#handOver(id);
      return;
    }
    this.#underWay.begin(id, name, body.length);
    void functions
      .ready(name)
      .then((target) => this.#call(id, started, target))
      .catch(() => this.#underWay.end(id));
  }

  #call(id: string, started: StartedInvocation, target: Target | undefined): void {
    if (target === undefined || !this.#underWay.called(id, target.callable)) {
      this.#underWay.end(id);
      return;
    }
    const hear = ({ outcome }: CallAnswer): void => {
      if (outcome === "ok") this.#done(id);
      else if (outcome === "unavailable" && target.callable.answeredBy !== undefined) this.#handOver(id);
      else if (outcome === "unavailable" || outcome === "load-failed") this.#underWay.end(id);
      else if (isLimit(outcome)) this.#postpone(id, started.function, outcome);
    };
    const onRecorded = (isRecorded: boolean): void => {
      if (isRecorded) this.#done(id);
      else this.#underWay.end(id);
    };
    this.#parts.invocations.carryOut(target, started, onRecorded, hear);
  }

  /** Whoever answers for the function need not wait until the call counts as abandoned. */
  #handOver(id: string): void {
    this.#underWay.end(id);
    this.#calls.handOver(id);
  }

  /** It is taken later, such as once there is room, or the owner's budget is raised. */
  #postpone(id: string, name: string, outcome: CallAnswer["outcome"]): void {
    const refused = this.#refused.get(name) ?? new Set();
    if (outcome === "budget-spent" || refused.size >= MOST_REFUSED) {
      // By whoever looks for what is abandoned.
      this.#underWay.end(id);
      return;
    }
    this.#underWay.pause(id);
    this.#refused.set(name, refused.add(id));
    setTimeout(() => {
      refused.delete(id);
      if (refused.size === 0) this.#refused.delete(name);
      void this.#carryOutAgain(id).catch(() => this.#underWay.end(id));
    }, RETRY_MILLISECONDS).unref();
  }

  /** It may have been made meanwhile, by somebody who waits for the same. */
  async #carryOutAgain(id: string): Promise<void> {
    const entry = await this.#calls.entry(id);
    if (entry === undefined) this.#done(id);
    else this.#carryOut(entry);
  }

  #done(id: string): void {
    this.#underWay.end(id);
    this.#calls.done(id);
  }

  async #sayUnderWay(): Promise<void> {
    const { functions } = this.#parts;
    this.#underWay.endReplaced((name) => functions.here(name)?.callable, PATIENCE_WITH_REPLACED_MILLISECONDS);
    const { ids } = this.#underWay;
    if (ids.length > 0 && this.#calls.isReachable) await this.#calls.keep(ids);
  }
}

/** Whether a call was not made for a limit of the function or its owner. */
function isLimit(outcome: CallAnswer["outcome"]): boolean {
  return outcome === "busy" || outcome === "too-many-requests" || outcome === "budget-spent";
}
