import type { WorkerEnd } from "./transport.ts";

/** The worker's process ended, or had to be ended. The message says how, in words. */
export class WorkerDiedError extends Error {
  override readonly name = "WorkerDiedError";
  readonly end: WorkerEnd;

  constructor(end: WorkerEnd, options?: ErrorOptions) {
    super(end.reason, options);
    this.end = end;
  }
}

/** The isolation that a function asks for cannot be had here. The message says why and what to do. */
export class IsolationError extends Error {
  override readonly name = "IsolationError";
}

/** The function cannot be loaded. `details` is a traceback of the user's own code, or "". */
export class LoadFailedError extends Error {
  override readonly name = "LoadFailedError";
  readonly details: string;

  constructor(message: string, details: string) {
    super(message);
    this.details = details;
  }
}
