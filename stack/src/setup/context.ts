import { Progress } from "../progress.ts";

/** What every set-up function can be told. */
export interface SetupContext {
  /** Shows what is being done; by default on the error stream. */
  readonly progress?: Progress | undefined;
  /** Ends the work, and the tools it runs. */
  readonly signal?: AbortSignal | undefined;
}

let standard: Progress | undefined;

/** The given progress display, or one on the error stream, which leaves a program's own output alone. */
export function progressOf(context: SetupContext): Progress {
  standard ??= new Progress(process.stderr);
  return context.progress ?? standard;
}
