import type { Caller } from "../access/caller.ts";
import type { LoadOutcome } from "../functions/load-outcome.ts";
import { functionToChange } from "./changing.ts";
import type { CatalogParts } from "./parts.ts";

/**
 * Have the version of a function loaded that runs, as its first call would.
 *
 * @param signal aborted: what is known by then is the answer.
 * @throws ApiProblem where there is no such function, or it is not the caller's.
 */
export async function loadFunction(
  parts: CatalogParts,
  name: string,
  caller: Caller,
  signal: AbortSignal,
): Promise<LoadOutcome> {
  await parts.db.transaction((tx) => functionToChange(tx, parts, name, caller));
  // It may have been deployed through another runtime.
  await parts.follow();
  return await parts.functions.load(name, signal);
}
