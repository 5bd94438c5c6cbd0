import { and, desc, eq, or, sql } from "drizzle-orm";
import type { Caller } from "../access/caller.ts";
import type { Database } from "../database/database.ts";
import { runs } from "../database/schema/runs.ts";
import { type StoredRun, visibleTo } from "./find-runs.ts";

/** What a run wrote. */
export type RunLines = Pick<StoredRun, "id" | "status" | "finishedAt" | "logs" | "error" | "traceback">;

/** The newest runs of a function that wrote something or failed, and that a caller may see; oldest first. */
export async function findLines(
  db: Database,
  caller: Caller,
  name: string,
  limit: number,
): Promise<RunLines[]> {
  const { id, status, finishedAt, logs, error, traceback } = runs;
  const found = await db
    .select({ id, status, finishedAt, logs, error, traceback })
    .from(runs)
    .where(
      and(
        eq(runs.function, name),
        or(sql`${runs.logs} <> '[]'::jsonb`, sql`${runs.error} is not null`),
        visibleTo(caller),
      ),
    )
    .orderBy(desc(runs.queuedAt), desc(runs.id))
    .limit(limit);
  return found.reverse();
}
