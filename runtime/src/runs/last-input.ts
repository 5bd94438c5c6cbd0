import { and, desc, eq, isNotNull } from "drizzle-orm";
import type { Caller } from "../access/caller.ts";
import type { Database } from "../database/database.ts";
import { runs } from "../database/schema/runs.ts";
import { visibleTo } from "./find-runs.ts";

/** Those that are tried, where the newest are no JSON. */
const MOST = 20;

/** The newest input of a function that is recorded whole, of the runs that a caller may see. */
export async function lastInput(
  db: Database,
  caller: Caller,
  name: string,
): Promise<{ readonly id: string; readonly input: string } | undefined> {
  const found = await db
    .select({ id: runs.id, input: runs.input })
    .from(runs)
    .where(and(eq(runs.function, name), isNotNull(runs.input), eq(runs.isInputCut, false), visibleTo(caller)))
    .orderBy(desc(runs.queuedAt))
    .limit(MOST);
  for (const { id, input } of found) if (input !== null && isJson(input)) return { id, input };
  return undefined;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
