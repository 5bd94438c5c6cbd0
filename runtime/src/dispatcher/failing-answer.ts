import type { FailingState } from "../workers/pool-state.ts";
import type { PauseAnswer } from "./sending.ts";

/** What callers are told of a function that cannot be loaded. */
export function answerOfFailing({ reason, details, isOfCode }: FailingState): PauseAnswer {
  // To try again soon is of no use until the code is another.
  const outcome = isOfCode ? "load-failed" : "unavailable";
  return { outcome, message: `the function cannot be loaded: ${reason}`, details };
}
