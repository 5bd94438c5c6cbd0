import { and, asc, eq, gte, inArray, isNotNull, lt, ne, notInArray } from "drizzle-orm";
import type { Caller } from "../access/caller.ts";
import type { Database } from "../database/database.ts";
import { runs } from "../database/schema/runs.ts";
import { type StoredRun, visibleTo } from "../runs/find-runs.ts";

/** Which recorded runs are replayed. */
export interface RecordedRange {
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  readonly runs?: readonly string[] | undefined;
  readonly limit: number;
}

/** Recorded runs of a function with their inputs, oldest first: those that a caller may see. */
export async function recordedInputs(
  db: Database,
  caller: Caller,
  name: string,
  { from, to, runs: ids, limit }: RecordedRange,
): Promise<StoredRun[]> {
  return await db
    .select()
    .from(runs)
    .where(
      and(
        eq(runs.function, name),
        visibleTo(caller),
        isNotNull(runs.input),
        ne(runs.trigger, "replay"),
        notInArray(runs.status, ["waiting", "running", "rejected"]),
        from && gte(runs.queuedAt, from),
        to && lt(runs.queuedAt, to),
        ids && inArray(runs.id, [...ids]),
      ),
    )
    .orderBy(asc(runs.queuedAt), asc(runs.id))
    .limit(limit);
}
