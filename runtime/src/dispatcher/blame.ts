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
 * The events that a worker's end may be due to: a call may end it, and so may saving what calls left in `env`.
 *
 * @param underWay that were sent and not answered.
 * @param unsaved that were answered, and whose `env` had not come.
 * @returns the suspects, and whether they are to blame: of several only one is, and they have to run alone to tell
 * which.
 */
export function suspectsOf(
  underWay: readonly Delivery[],
  unsaved: readonly Delivery[],
  { limit }: WorkerEnd,
): { readonly suspects: readonly Delivery[]; readonly areToBlame: boolean } {
  // The clock runs for the call under way, whatever is to be saved.
  if (limit === "timeout" && underWay.length === 1) return { suspects: underWay, areToBlame: true };
  const suspects = [...unsaved, ...underWay];
  return { suspects, areToBlame: suspects.length === 1 };
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
    message: `during a call, the function's process ${end.reason}; ${next}`,
    limit,
  };
}
