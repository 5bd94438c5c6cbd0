import { type FunctionDefinition, outputKeyOf } from "../configuration/manifest.ts";
import { Delivery } from "../dispatcher/delivery.ts";
import type { Dispatcher } from "../dispatcher/dispatcher.ts";
import { type FunctionEvent, NO_CONTEXT } from "../dispatcher/event.ts";
import { answerOfFailing } from "../dispatcher/failing-answer.ts";
import type { PauseAnswer } from "../dispatcher/sending.ts";
import type { RedisStore } from "../sinks/redis-store.ts";
import type { CallAnswer, CallRequest } from "../triggers/http/callable.ts";
import type { OwnerRefusal } from "../usage/budget-gate.ts";
import type { OwnerLimits } from "../usage/owner-limits.ts";
import type { FunctionOwner } from "./function-owner.ts";
import { KeptAnswers, type KeyedCalls } from "./kept-answers.ts";

/** More callers than these are asked to come again. */
const MAX_WAITING = 10_000;

/** What {@link FunctionCalls} are made of. */
export interface FunctionCallsParts {
  readonly definition: FunctionDefinition;
  readonly dispatcher: Dispatcher;
  readonly store: Pick<RedisStore, "calls">;
  readonly owner: Pick<FunctionOwner, "other">;
  readonly limits: OwnerLimits;
}

/** Calls of one function from outside: each becomes an event, or is answered why it does not. */
export class FunctionCalls {
  readonly #parts: FunctionCallsParts;
  readonly #kept: KeptAnswers;
  #arrivals = 0;
  #isClosed = false;

  constructor(parts: FunctionCallsParts) {
    this.#parts = parts;
    const { definition, dispatcher, store } = parts;
    const calls: KeyedCalls = {
      take: (shard, key, holder) =>
        store.calls.take(outputKeyOf(definition, shard), key, holder, dispatcher.patience),
      say: (shard, keys, holder, what) => store.calls.say(outputKeyOf(definition, shard), keys, holder, what),
    };
    this.#kept = new KeptAnswers(calls, () => this.#absence() === undefined);
  }

  /** Calls that have come since the start. */
  get arrivals(): number {
    return this.#arrivals;
  }

  /** In words which other runtime alone answers; undefined: this one does, or it is not known yet. */
  get answeredBy(): string | undefined {
    const { definition, owner } = this.#parts;
    return definition.state === "none" ? undefined : owner.other;
  }

  /** @param answer is called exactly once, at once or later. */
  call(
    { body, shard, idempotencyKey, user, invocation, refusal: refused }: CallRequest,
    answer: (answer: CallAnswer) => void,
  ): void {
    this.#arrivals += 1;
    const refusal = this.#refusal();
    if (refusal !== undefined) {
      answer({ details: "", ...refusal });
      return;
    }
    const event: FunctionEvent = {
      source: invocation?.trigger ?? "http",
      shard,
      body,
      position: null,
      context: NO_CONTEXT,
      isSuperseded: false,
      receivedAt: performance.now(),
      user,
      invocation,
    };
    const { dispatcher } = this.#parts;
    const accept = (delivery: Delivery): void => {
      if (refused === undefined) dispatcher.accept(delivery);
      else dispatcher.refuse(delivery, refused);
    };
    if (idempotencyKey === undefined) accept(new Delivery(event, answer));
    else {
      this.#kept.once(shard, idempotencyKey, invocation !== undefined, answer, (hear) => {
        // To look whether it was made before took a while.
        const absence = this.#absence();
        if (absence === undefined) accept(new Delivery(event, hear, idempotencyKey));
        else hear({ ...absence, details: "" });
      });
    }
  }

  /** Take none from now on: the runtime stops. */
  close(): void {
    this.#isClosed = true;
  }

  /** Why no call is taken now. */
  #refusal():
    | { readonly outcome: "unavailable" | "busy"; readonly message: string }
    | PauseAnswer
    | OwnerRefusal
    | undefined {
    const { definition, dispatcher, limits } = this.#parts;
    const refusal = this.#absence() ?? limits.refusal(definition.owner);
    if (refusal !== undefined) return refusal;
    const { state, loading } = dispatcher.pool;
    // Other code may be better.
    if (state.kind === "failing" && loading.result !== undefined) return answerOfFailing(state);
    if (dispatcher.waiting < MAX_WAITING) return undefined;
    return { outcome: "busy", message: `${MAX_WAITING} calls wait already` };
  }

  /** Why it is not called here. */
  #absence(): { readonly outcome: "unavailable"; readonly message: string } | undefined {
    if (this.#isClosed) return { outcome: "unavailable", message: "the runtime stops" };
    const other = this.answeredBy;
    if (other === undefined) return undefined;
    return { outcome: "unavailable", message: `another runtime owns the function: ${other}` };
  }
}
