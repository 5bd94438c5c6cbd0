/** The worker's process ended, or had to be ended. The message says how, in words. */
export class WorkerDiedError extends Error {
  override readonly name = "WorkerDiedError";
}

/** The worker's process had ended before it was asked anything: nothing was tried. */
export class WorkerGoneError extends WorkerDiedError {}

/** A call took longer than its limit, and the worker was ended for it. */
export class WorkerTimeoutError extends Error {
  override readonly name = "WorkerTimeoutError";
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
