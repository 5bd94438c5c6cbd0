import { PackageError } from "../packages/package.ts";
import { IsolationError, LoadFailedError, WorkerDiedError } from "./errors.ts";

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

/** Workers serve this version; a change of it that was refused stays so while it does. */
export function readyState(before: PoolState, version: string, pid: number | undefined): PoolState {
  const refused = before.kind === "ready" && before.version === version ? before.refused : undefined;
  return { kind: "ready", version, pid, refused };
}

/** There is no worker, for none could be started. */
export function failingState(error: Error): FailingState {
  const isInWords =
    error instanceof LoadFailedError || error instanceof PackageError || error instanceof IsolationError;
  const reason = isInWords ? error.message : `the function's process ${error.message}`;
  return { kind: "failing", reason, details: detailsOf(error), isOfCode: isOfCode(error) };
}

/** Changed code does not replace what runs, for it cannot be loaded. */
export function loadRefusal(error: Error): Refusal {
  return { reason: `cannot be loaded: ${error.message}`, details: detailsOf(error) };
}

/** Whether both say that there is no worker for the same reason. */
export function isSameFailure(state: PoolState, { reason }: FailingState): boolean {
  return state.kind === "failing" && state.reason === reason;
}

/** Whether a function's own code is why it cannot be loaded. */
function isOfCode(error: Error): boolean {
  return (
    error instanceof LoadFailedError || (error instanceof WorkerDiedError && error.end.limit !== undefined)
  );
}

/** The traceback of the function's own code, or "". */
function detailsOf(error: Error): string {
  return error instanceof LoadFailedError ? error.details : "";
}
