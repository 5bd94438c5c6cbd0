import type { CallAnswer } from "../triggers/http/callable.ts";
import { headTextOf } from "../workers/frames.ts";
import type { Call } from "../workers/worker.ts";
import { type FunctionEvent, NO_CONTEXT } from "./event.ts";

const NO_OUTPUT = Buffer.alloc(0);

/** An event on its way to a worker, until what it came to is stored. */
export class Delivery implements Call {
  readonly event: FunctionEvent;
  readonly headText: string;
  /** Hears what the call came to; undefined where nobody waits. */
  readonly answer: ((answer: CallAnswer) => void) | undefined;
  /** The answer waits until it is stored, under this name. */
  readonly idempotencyKey: string | undefined;
  /** How many workers ended under it. */
  deaths = 0;
  /** It may have ended its worker: it runs alone until that is known. */
  isSuspect = false;
  /** Number of the call of the worker that has it. */
  id = 0;
  /** The output, and seconds in the handler, once it has returned. */
  output: Buffer = NO_OUTPUT;
  seconds = 0;
  #isAnswered = false;

  constructor(event: FunctionEvent, answer?: (answer: CallAnswer) => void, idempotencyKey?: string) {
    this.event = event;
    this.headText = event.context === NO_CONTEXT ? "" : headTextOf(event.context);
    this.answer = answer;
    this.idempotencyKey = idempotencyKey;
  }

  get body(): Buffer {
    return this.event.body;
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
}
