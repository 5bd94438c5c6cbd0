import type { LimitName } from "../workers/protocol.ts";
import type { WorkerEnd } from "../workers/transport.ts";
import type { Delivery } from "./delivery.ts";

/** How many workers may end under an event before it is given up: a crash may have had another cause. */
const MAX_DEATHS = 3;

/** What follows for an event that ended its worker. */
export interface Verdict {
  readonly outcome: "timeout" | "killed";
  /** Whether it is not tried again. */
  readonly isLast: boolean;
  readonly message: string;
  readonly limit: LimitName | undefined;
}

/**
 * The events that a worker's end may be due to.
 *
 * @param underWay that were sent and not answered: one of them ended it.
 * @param unsaved that were answered: where nothing was under way, saving what they left in `env` may have ended it.
 * @returns the suspects, and whether each of them is to blame: of several under way only one is, and they have to
 * run alone to tell which.
 */
export function suspectsOf(
  underWay: readonly Delivery[],
  unsaved: readonly Delivery[],
): { readonly suspects: readonly Delivery[]; readonly areToBlame: boolean } {
  return underWay.length > 0
    ? { suspects: underWay, areToBlame: underWay.length === 1 }
    : { suspects: unsaved, areToBlame: true };
}

/** Count a worker's end against an event. */
export function blame(delivery: Delivery, end: WorkerEnd): Verdict {
  const { limit } = end;
  delivery.deaths += 1;
  if (limit === "timeout") {
    const message = `the handler ${end.reason}; raise limits.timeout or do less in one call`;
    return { outcome: "timeout", isLast: true, message, limit };
  }
  // It would use as much the next time.
  const isLast = delivery.deaths >= MAX_DEATHS || limit === "cpu";
  const times = delivery.deaths === 1 ? "1 attempt" : `${delivery.deaths} attempts`;
  const next = isLast ? `given up after ${times}` : "it is called again";
  return {
    outcome: "killed",
    isLast,
    message: `the function's process ${end.reason} during a call; ${next}`,
    limit,
  };
}
