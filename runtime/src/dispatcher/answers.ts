import type { CallResult } from "../workers/call-result.ts";
import type { WorkerPool } from "../workers/pool.ts";
import type { SavedEnv, Worker } from "../workers/worker.ts";
import type { Delivery, FeedEntry } from "./delivery.ts";
import type { Failure, Failures, FailuresParts } from "./failures.ts";
import { addAllHandled, addHandled } from "./handled.ts";
import type { Lane } from "./lane.ts";
import type { Lanes } from "./lanes.ts";
import { LastingProblems } from "./lasting-problems.ts";
import type { Sending } from "./sending.ts";

/** What {@link Answers} are made of. */
export interface AnswersParts extends FailuresParts {
  readonly lanes: Lanes;
  readonly pool: WorkerPool<Delivery>;
  readonly sending: Sending;
  readonly failures: Failures;
  /** Something of a shard is over. */
  readonly onSettled: () => void;
}

/** What the answers of workers come to: replies, steps to store, runs to record, and what runs again. */
export class Answers {
  readonly #parts: AnswersParts;
  readonly #lanes: Lanes;
  readonly #sending: Sending;
  readonly #failures: Failures;
  readonly #keepsEnv: boolean;
  readonly #problems: LastingProblems;

  constructor(parts: AnswersParts) {
    this.#parts = parts;
    this.#lanes = parts.lanes;
    this.#sending = parts.sending;
    this.#failures = parts.failures;
    this.#keepsEnv = parts.definition.state !== "none";
    this.#problems = new LastingProblems(parts.log);
  }

  /** A call was answered. */
  hear(worker: Worker<Delivery>, delivery: Delivery, result: CallResult): void {
    const lane = this.#lanes.of(delivery.event.shard);
    this.#sending.answered(worker, delivery, result.seconds);
    lane.underWay -= 1;
    if (!delivery.isVoid) {
      lane.done(delivery);
      try {
        this.#finish(worker, lane, delivery, result);
      } catch (error) {
        this.#hearFault(worker, lane, delivery, error as Error);
        throw error;
      }
    }
    this.#parts.metrics.answered(worker, result);
    // Saving what it left in env may end the worker yet.
    if (delivery.isSuspect && !lane.unsaved.includes(delivery)) this.#sending.acquit(worker, delivery);
    this.#sending.goOn(worker, lane);
    this.#parts.onSettled();
  }

  /** A worker saved the `env` of a shard: what was answered until then can be stored. */
  hearSaved(worker: Worker<Delivery>, shard: number, { id, env, problem }: SavedEnv): void {
    const lane = this.#lanes.at(shard);
    if (lane === undefined || lane.worker !== worker) return;
    this.#problems.env(shard, problem);
    lane.isEnvSaved = problem === null;
    const saved = lane.takeSaved(id);
    if (saved.length > 0) {
      lane.outbox.gather((next) => addAllHandled(next, saved, env, this.#parts.definition), saved.length);
    }
    for (const delivery of saved) this.#sending.acquit(worker, delivery);
    this.#failures.storeFailed(lane);
    if (lane.unsaved.length === 0) this.#sending.hearQuiet(worker);
    this.#parts.onSettled();
    this.#sending.pump();
  }

  #finish(worker: Worker<Delivery>, lane: Lane, delivery: Delivery, result: CallResult): void {
    if (result.outcome === "ok") {
      this.#succeed(worker, lane, delivery, result);
      return;
    }
    // What it left in env is saved with the next one that succeeds.
    if (result.outcome === "error") lane.isEnvSaved = false;
    this.#failures.record(lane, delivery, worker, result);
    const failure = { ...result, outcome: result.outcome };
    if (delivery.entry === undefined) this.#failures.tell(delivery, failure);
    else this.#failFed(worker, lane, delivery, delivery.entry, failure);
  }

  /** A fault of the runtime: the answer could not be taken, and the worker that gave it is ended. */
  #hearFault(worker: Worker<Delivery>, lane: Lane, delivery: Delivery, { message, stack = "" }: Error): void {
    // It runs again, or does with the worker's end.
    if (delivery.isVoid || lane.unsaved.includes(delivery)) return;
    const reason = `the runtime failed: ${message}`;
    const failure = { outcome: "error", message: reason, details: stack, limit: undefined } as const;
    const { entry } = delivery;
    if (entry === undefined) delivery.reply(failure);
    else if (!entry.isOver) this.#failFed(worker, lane, delivery, entry, failure);
  }

  #succeed(worker: Worker<Delivery>, lane: Lane, delivery: Delivery, result: CallResult): void {
    const { output, seconds } = result;
    delivery.output = output;
    delivery.seconds = seconds;
    const { runs } = this.#parts;
    if (delivery.event.invocation !== undefined) delivery.run = runs?.finished(delivery, worker, result);
    // First of all, for somebody waits. One with a name of its caller's is answered when it is stored.
    if (delivery.idempotencyKey === undefined) {
      delivery.reply({ outcome: "ok", output, seconds, run: delivery.run });
    }
    delivery.run ??= runs?.finished(delivery, worker, result);
    if (this.#keepsEnv && lane.worker === worker) lane.unsaved.push(delivery);
    else lane.outbox.gather((next) => addHandled(next, delivery, this.#parts.definition));
    this.#parts.pool.noteSuccess();
    this.#problems.notFinite(result.notFinite);
    this.#parts.note("ok", "", "", undefined);
  }

  /** An event of a feed failed in a worker that goes on. */
  #failFed(
    worker: Worker<Delivery>,
    lane: Lane,
    delivery: Delivery,
    entry: FeedEntry,
    failure: Failure,
  ): void {
    if (!this.#keepsEnv || lane.worker !== worker) {
      lane.putBack(this.#failures.tryAgain(lane, delivery, entry, failure));
      return;
    }
    if (failure.outcome === "rejected" && entry.size === 1) {
      this.#failures.rejectInPlace(lane, delivery, entry, failure);
      return;
    }
    const again = this.#failures.tryAgain(lane, delivery, entry, failure);
    // What ran after it ran with what it left in env; what ran before it is not stored yet.
    const before = lane.unsaved.splice(0);
    const after = lane.unansweredBy(worker);
    worker.forget(lane.number);
    const renewed = (each: Delivery): Delivery => each.renewed();
    lane.putBack([...before.map(renewed), ...again, ...after.map(renewed)]);
  }
}
