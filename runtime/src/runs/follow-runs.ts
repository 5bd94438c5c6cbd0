import { EventEmitter, once } from "node:events";
import type { Caller } from "../access/caller.ts";
import type { Database } from "../database/database.ts";
import { findNewRuns, newestSequence, type RunFilter, type StoredRun } from "./find-runs.ts";

/** Another runtime may write them, and does not tell. */
const LOOK_MILLISECONDS = 500;
const MOST_AT_ONCE = 200;

/** Tells those who follow runs that there are new ones. */
export class RunNews {
  readonly #news = new EventEmitter().setMaxListeners(0);

  /** There are new ones. */
  tell(): void {
    this.#news.emit("runs");
  }

  /** Settles when there may be some; at once where `signal` aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    const soon = AbortSignal.any([signal, AbortSignal.timeout(LOOK_MILLISECONDS)]);
    await once(this.#news, "runs", { signal: soon }).catch(() => {});
  }
}

/**
 * Runs as they are over, from now on or after one that was seen last.
 *
 * @param after {@link StoredRun.sequence} of that one.
 * @yields none at first, then some runs, or none where there were none for a while.
 */
export async function* followRuns(
  db: Database,
  news: RunNews,
  caller: Caller,
  filter: RunFilter,
  after: number | undefined,
  signal: AbortSignal,
): AsyncGenerator<readonly StoredRun[]> {
  const newest = await newestSequence(db);
  // One that is to come yet was seen before the database was put back to a backup.
  let last = Math.min(after ?? newest, newest);
  // From here on nothing is missed.
  yield [];
  while (!signal.aborted) {
    const found = await findNewRuns(db, caller, filter, last, MOST_AT_ONCE);
    last = found.at(-1)?.sequence ?? last;
    yield found;
    if (found.length < MOST_AT_ONCE) await news.wait(signal);
  }
}
