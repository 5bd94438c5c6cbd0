import { LoadFailedError, WorkerDiedError } from "./errors.ts";

/** Changed code that does not replace the version that runs. */
export interface Refusal {
  readonly reason: string;
  readonly details: string;
}

/** There is no worker, for the function cannot be loaded. */
export interface FailingState extends Refusal {
  readonly kind: "failing";
  /** Whether its code is why, and not something that it needs and that is away. */
  readonly isOfCode: boolean;
}

/** Where a function's workers are. */
export type PoolState =
  /** Never loaded yet. */
  | { readonly kind: "starting" }
  /** There is nothing to do, so there is no worker. */
  | { readonly kind: "idle" }
  /** The last one ended by itself; another one is on its way. */
  | { readonly kind: "restarting" }
  | {
      readonly kind: "ready";
      readonly version: string;
      readonly pid: number | undefined;
      /** Why changed code does not run; undefined where what runs is what is there. */
      readonly refused: Refusal | undefined;
    }
  | FailingState
  | { readonly kind: "stopped" };

/** Whether a function's own code is why it cannot be loaded. */
export function isOfCode(error: Error): boolean {
  return (
    error instanceof LoadFailedError || (error instanceof WorkerDiedError && error.end.limit !== undefined)
  );
}
