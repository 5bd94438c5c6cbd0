import type { FunctionDefinition } from "../../configuration/manifest.ts";
import type { Invocation } from "../../dispatcher/event.ts";
import type { RunUsage } from "../../runs/run-record.ts";
import type { OwnerRefusal } from "../../usage/budget-gate.ts";

/** One call of a function from outside. */
export interface CallRequest {
  /** The event, as it came: nothing but a function with an `input` schema has had it parsed. */
  readonly body: Buffer;
  /** Empty where the function has no shards. */
  readonly shard: string;
  /** The caller's name for this call, which is answered when its output is stored. */
  readonly idempotencyKey: string | undefined;
  /** Who calls; undefined where calls are open to whoever reaches the port. */
  readonly user?: string | undefined;
  /** Where it came through the API. */
  readonly invocation?: Invocation | undefined;
  /** Why it is none that the function takes, where it was accepted before that was known: it is over as rejected. */
  readonly refusal?: string | undefined;
}

/** How a call ended. */
export type CallAnswer =
  | {
      readonly outcome: "ok";
      /** JSON. */
      readonly output: Buffer;
      /** Time of the handler alone. */
      readonly seconds: number;
      /** What it used, where it came through the API and was not answered from what is kept. */
      readonly run?: RunUsage | undefined;
    }
  | {
      /**
       * `error`: the handler raised; `timeout`: it took too long; `killed`: its worker ended under it;
       * `rejected`: the event is none; `busy`: too many calls wait; `unavailable`: there is no worker;
       * `load-failed`: its code cannot be loaded;
       * `budget-spent`, `too-many-requests`: its owner is at a limit.
       */
      readonly outcome:
        | "error"
        | "timeout"
        | "killed"
        | "rejected"
        | "busy"
        | "unavailable"
        | "load-failed"
        | OwnerRefusal["outcome"];
      readonly message: string;
      /** The traceback, or nothing. */
      readonly details: string;
      /** Of an owner's limit: when to come again, and when the budget begins anew (ISO 8601). */
      readonly retryAfterSeconds?: number | undefined;
      readonly resetsAt?: string | undefined;
    };

/** A function that can be called and answers. */
export interface Callable {
  readonly definition: FunctionDefinition;
  /** In words which other runtime alone answers; undefined: this one does, or it is not known yet. */
  readonly answeredBy?: string | undefined;
  /** @param answer is called exactly once, at once or later. */
  call(request: CallRequest, answer: (answer: CallAnswer) => void): void;
}
