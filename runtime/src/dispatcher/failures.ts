import type { Logger } from "pino";
import type { FunctionDefinition } from "../configuration/manifest.ts";
import type { FunctionMetrics, Outcome } from "../observability/function-metrics.ts";
import { type FunctionRuns, unanswered } from "../runs/function-runs.ts";
import type { DeadLetter } from "../sinks/handled.ts";
import type { LimitName } from "../workers/protocol.ts";
import type { WorkerEnd } from "../workers/transport.ts";
import type { Worker } from "../workers/worker.ts";
import { retrySeconds } from "./back-off.ts";
import { blame } from "./blame.ts";
import type { Delivery, FeedEntry } from "./delivery.ts";
import { addAllHandled, addHandled } from "./handled.ts";
import type { Lane } from "./lane.ts";

/** How a call failed. */
export interface Failure {
  readonly outcome: Exclude<Outcome, "ok">;
  readonly message: string;
  readonly details: string;
  readonly limit: LimitName | undefined;
  /** There is no use in another attempt. */
  readonly isLast?: boolean;
}

/** What {@link Failures} are made of. */
export interface FailuresParts {
  readonly definition: FunctionDefinition;
  readonly metrics: FunctionMetrics;
  readonly log: Logger;
  /** Records and counts calls; undefined where nobody wants that. */
  readonly runs: FunctionRuns | undefined;
  /** Hears of each call that is over. */
  readonly note: (outcome: Outcome, message: string, details: string, limit: LimitName | undefined) => void;
}

/**
 * What becomes of events that fail. Of those that came by themselves whoever waits is told. Those of feeds are tried
 * again: in their place where `env` is kept, for events have to keep their order there, and else later, past others.
 * What fails for good goes to the dead letters, once all before it is stored.
 */
export class Failures {
  readonly #parts: FailuresParts;
  readonly #keepsEnv: boolean;
  /** One that is put back before it is stored is not told of again. */
  readonly #told = new WeakSet<readonly DeadLetter[]>();

  constructor(parts: FailuresParts) {
    this.#parts = parts;
    this.#keepsEnv = parts.definition.state !== "none";
  }

  /** A call is over that will not be made again. @returns whether somebody waited for the answer. */
  tell(delivery: Delivery, { outcome, message, details, limit }: Failure): boolean {
    this.#parts.note(outcome, message, details, limit);
    return delivery.reply({ outcome, message, details });
  }

  /** Record how a call failed. It goes with the next step, which is that of the event at the latest. */
  record(
    lane: Lane,
    delivery: Delivery,
    worker: Worker<Delivery> | undefined,
    end: Parameters<FunctionRuns["finished"]>[2],
    isLast = true,
  ): void {
    delivery.run = undefined;
    const { runs } = this.#parts;
    if (runs === undefined) return;
    const run = runs.finished(delivery, worker, end, isLast);
    const { invocation } = delivery.event;
    lane.outbox.gather((next) => {
      next.addRun(run);
      if (invocation !== undefined && isLast) next.onSettled.push(invocation.onRecorded);
    });
  }

  /** The runtime itself refuses an event, which no worker saw. */
  refuse(lane: Lane, delivery: Delivery, message: string): void {
    const failure = { outcome: "rejected", message, details: "", limit: undefined } as const;
    this.record(lane, delivery, undefined, unanswered(failure, 0, 0));
    this.tell(delivery, failure);
  }

  /** An event ended its worker. @returns the event as it runs again; none where that is not here. */
  blame(lane: Lane, delivery: Delivery, worker: Worker<Delivery>, end: WorkerEnd): readonly Delivery[] {
    const { outcome, isLast, message, limit } = blame(delivery, end);
    const { event, entry } = delivery;
    const since = Math.max(delivery.sentAt, worker.workingSince);
    // One that was answered ended the worker by what it left in env.
    const seconds = delivery.seconds > 0 ? delivery.seconds : (performance.now() - since) / 1000;
    const unheard = unanswered({ outcome, message, details: "" }, seconds, worker.memoryBytes);
    this.record(lane, delivery, worker, unheard, isLast);
    if (entry !== undefined) {
      // The clock of a call says nothing of the next attempt.
      const failure = { outcome, message, details: "", limit, isLast: isLast && outcome === "killed" };
      return this.tryAgain(lane, delivery, entry, failure);
    }
    if (!isLast) {
      this.#parts.note(outcome, message, "", limit);
      return [delivery];
    }
    lane.done(delivery);
    const isTold = this.tell(delivery, { outcome, message, details: "", limit });
    // Whoever waits for an answer knows. What takes too long is told as what raises is, and not kept.
    if (!isTold && outcome === "killed") {
      const { source, body } = event;
      const rest = { details: "", topic: "", origin: {}, delayed: undefined };
      this.#storeLetters(lane, delivery, [
        { source, body, error: message, attempts: delivery.deaths, ...rest },
      ]);
    }
    return [];
  }

  /** @returns the event, or its parts, as it runs again in its place; none where it is kept elsewhere now. */
  tryAgain(lane: Lane, delivery: Delivery, entry: FeedEntry, failure: Failure): readonly Delivery[] {
    this.#note(failure);
    const { feed, retries } = entry;
    const parts = feed.split(delivery);
    if (parts !== undefined) {
      delivery.isVoid = true;
      return parts;
    }
    delivery.attempts += 1;
    const { outcome, message, details } = failure;
    const isLast = failure.isLast === true || outcome === "rejected" || delivery.attempts >= retries.attempts;
    if (isLast) delivery.letters = entry.letters(message, details, delivery.attempts);
    else this.#parts.metrics.retried(entry.topic);
    const seconds = isLast ? 0 : retrySeconds(retries, delivery.attempts);
    // One that ended its worker has the worker's own back-off.
    if (this.#keepsEnv || (outcome === "killed" && !isLast)) {
      const again = delivery.renewed();
      again.isSuspect = true;
      if (outcome !== "killed") again.notBefore = performance.now() + seconds * 1000;
      return [again];
    }
    if (delivery.letters !== undefined) this.#storeLetters(lane, delivery, delivery.letters);
    else {
      const delayed = { milliseconds: Math.ceil(seconds * 1000), text: entry.delayedText(delivery.attempts) };
      feed.over(delivery);
      lane.outbox.gather((next) => {
        feed.settle(next);
        next.addDelayed(delayed);
      });
    }
    return [];
  }

  /** The event is none: the handler was not called, `env` is as it was, and the event keeps its place among others. */
  rejectInPlace(lane: Lane, delivery: Delivery, entry: FeedEntry, failure: Failure): void {
    delivery.attempts += 1;
    this.#note(failure);
    delivery.letters = entry.letters(failure.message, failure.details, delivery.attempts);
    this.#tellOfLetters(delivery.letters);
    lane.unsaved.push(delivery);
    this.storeFailed(lane);
  }

  /** An event that failed for good comes to its turn; perhaps it was never tried. @returns whether it could go. */
  putAside(lane: Lane, delivery: Delivery, letters: readonly DeadLetter[]): boolean {
    // Positions of events before it must not come after its own.
    if (this.#keepsEnv && !lane.isQuiet) return false;
    lane.intake.take();
    if (delivery.attempts === 0) {
      const failure = { outcome: "rejected", message: letters[0]?.error ?? "", details: "" } as const;
      this.#parts.note(failure.outcome, failure.message, failure.details, undefined);
      this.record(lane, delivery, undefined, unanswered(failure, 0, 0));
    }
    this.#storeLetters(lane, delivery, letters);
    return true;
  }

  /** Calls that failed for good wait for the `env` of those before them; where there are none, for nothing. */
  storeFailed(lane: Lane): void {
    const { unsaved } = lane;
    if (unsaved.length === 0 || unsaved.some(({ letters }) => letters === undefined)) return;
    const failed = unsaved.splice(0);
    lane.outbox.gather((next) => addAllHandled(next, failed, undefined, this.#parts.definition));
  }

  #storeLetters(lane: Lane, delivery: Delivery, letters: readonly DeadLetter[]): void {
    delivery.letters = letters;
    this.#tellOfLetters(letters);
    lane.outbox.gather((next) => addHandled(next, delivery, this.#parts.definition));
  }

  #tellOfLetters(letters: readonly DeadLetter[]): void {
    if (this.#told.has(letters)) return;
    this.#told.add(letters);
    const { metrics, log, definition } = this.#parts;
    metrics.deadLettered(letters);
    for (const { topic, origin, attempts } of letters) {
      const { partition, offset } = origin;
      const times = attempts === 1 ? "1 attempt" : `${attempts} attempts`;
      const from = topic === "" ? {} : { topic, partition, offset };
      log.error(
        { ...from, attempts },
        `event given up after ${times}: a dead letter now, which "topics dead ${definition.name}" shows`,
      );
    }
  }

  #note({ outcome, message, details, limit }: Failure): void {
    this.#parts.note(outcome, message, details, limit);
  }
}
