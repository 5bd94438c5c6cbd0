import type { FinishedRun } from "../runs/run-batch.ts";
import type { DeadLetter } from "../sinks/handled.ts";
import type { CallAnswer } from "../triggers/http/callable.ts";
import { headTextOf } from "../workers/frames.ts";
import type { Call } from "../workers/worker.ts";
import { type FunctionEvent, NO_CONTEXT } from "./event.ts";
import type { Feed, RetryPolicy } from "./feed.ts";

const NO_OUTPUT = Buffer.alloc(0);

/** What a delivery of a feed has besides: who gave it, and what is needed if it fails. */
export interface FeedEntry {
  readonly feed: Feed;
  /** Whether it succeeded, or is kept elsewhere. */
  isOver: boolean;
  readonly topic: string;
  readonly partition: number;
  readonly retries: RetryPolicy;
  /** Whether the handler gets a list. */
  readonly isList: boolean;
  /** How many events it holds. */
  readonly size: number;
  /** Name of the event, which those that are derived from it begin with. */
  readonly eventId: string;
  /** How many functions it has come through. */
  readonly hops: number;
  readonly key: Buffer | null;
  /** The head of its call, for an attempt. */
  headText(attempt: number): string;
  /** What is known of where it comes from, for the dead letters. */
  letters(error: string, details: string, attempts: number): readonly DeadLetter[];
  /** The event as it is kept until it is tried again; undefined where it waits in its feed. */
  delayedText(attempts: number): string;
}

/** An event on its way to a worker, until what it came to is stored. */
export class Delivery implements Call {
  readonly event: FunctionEvent;
  headText: string;
  /** Hears what the call came to; undefined where nobody waits. */
  readonly answer: ((answer: CallAnswer) => void) | undefined;
  /** The answer waits until it is stored, under this name. */
  readonly idempotencyKey: string | undefined;
  /** Where the event is one of a feed. */
  readonly entry: FeedEntry | undefined;
  /** How many workers ended under it. */
  deaths = 0;
  /** Attempts that failed. */
  attempts = 0;
  /** When it may run again, on the clock of `performance.now()`. */
  notBefore = 0;
  /** It may have ended its worker, or failed before: it runs alone until that is known. */
  isSuspect = false;
  /** It runs again, or somewhere else: what it comes to here is of no interest. */
  isVoid = false;
  /** It failed for good: once all before it is stored, this goes to the dead letters. */
  letters: readonly DeadLetter[] | undefined;
  /** Number of the call of the worker that has it. */
  id = 0;
  /** The output, and seconds in the handler, once it has returned. */
  output: Buffer = NO_OUTPUT;
  seconds = 0;
  /** When it was sent to its worker, on the clock of `performance.now()`. */
  sentAt = 0;
  /** What it used, once it has succeeded, where that is counted. */
  run: FinishedRun | undefined;
  #isAnswered = false;

  constructor(
    event: FunctionEvent,
    answer?: (answer: CallAnswer) => void,
    idempotencyKey?: string,
    entry?: FeedEntry,
  ) {
    this.event = event;
    this.answer = answer;
    this.idempotencyKey = idempotencyKey;
    this.entry = entry;
    if (entry !== undefined) this.headText = entry.headText(1);
    else this.headText = event.context === NO_CONTEXT ? "" : headTextOf(event.context);
  }

  get body(): Buffer {
    return this.event.body;
  }

  get isList(): boolean {
    return this.entry?.isList ?? false;
  }

  /** Whether somebody waits for the answer: an event that runs again after a crash may have been answered. */
  get isAwaited(): boolean {
    return this.answer !== undefined && !this.#isAnswered;
  }

  /** Answer whoever waits. @returns whether somebody did. */
  reply(answer: CallAnswer): boolean {
    if (!this.isAwaited) return false;
    this.#isAnswered = true;
    this.answer?.(answer);
    return true;
  }

  /** The same event, to run again: this one is void. */
  renewed(): Delivery {
    const { event, answer, idempotencyKey, entry } = this;
    const again = new Delivery(event, answer, idempotencyKey, entry);
    again.deaths = this.deaths;
    again.attempts = this.attempts;
    again.isSuspect = this.isSuspect;
    again.letters = this.letters;
    again.#isAnswered = this.#isAnswered;
    if (entry !== undefined) again.headText = entry.headText(this.attempts + 1);
    this.isVoid = true;
    return again;
  }
}
