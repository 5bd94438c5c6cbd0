import { eq, sql } from "drizzle-orm";
import type { Caller } from "../access/caller.ts";
import { ApiProblem } from "../api/problems.ts";
import type { Transaction } from "../database/database.ts";
import { catalogState, functions } from "../database/schema.ts";
import type { CatalogParts } from "./parts.ts";

/** A row of the table of functions. */
export type FunctionRow = typeof functions.$inferSelect;

/**
 * Change the catalog. One change at a time, whoever makes it, so that revisions are committed in their order and
 * whoever follows them misses none.
 */
export async function changeCatalog<Result>(
  { db, follow }: Pick<CatalogParts, "db" | "follow">,
  work: (tx: Transaction, revision: number) => Promise<Result>,
): Promise<Result> {
  const result = await db.transaction(async (tx) => {
    const [state] = await tx
      .update(catalogState)
      .set({ revision: sql`${catalogState.revision} + 1` })
      .returning({ revision: catalogState.revision });
    if (state === undefined) throw new Error("the table catalog_state is empty");
    return await work(tx, state.revision);
  });
  await follow();
  return result;
}

/** What may be the case with a function that is to be changed. */
interface Allowed {
  readonly deleted?: boolean;
  /** Where the configuration file has one of the same name. */
  readonly shadowed?: boolean;
}

/**
 * The function that somebody wants to change.
 *
 * @throws ApiProblem where there is none, it is not theirs, it was deleted, or it is the configuration file's.
 */
export async function functionToChange(
  tx: Transaction,
  { functions: sources, file }: Pick<CatalogParts, "functions" | "file">,
  name: string,
  caller: Caller,
  { deleted = false, shadowed = false }: Allowed = {},
): Promise<FunctionRow> {
  const [row] = await tx.select().from(functions).where(eq(functions.name, name));
  const isHidden = row === undefined || (row.deletedAt !== null && !isTheirs(row, caller));
  if (sources.isOfFile(name) && (isHidden || !shadowed)) {
    throw new ApiProblem("conflict", `${name} is a function of ${file}: change it there`);
  }
  if (isHidden) throw noFunction(name);
  if (!isTheirs(row, caller)) {
    throw new ApiProblem(
      "forbidden",
      `${name} belongs to ${row.owner}: expected its owner or an administrator`,
    );
  }
  if (row.deletedAt !== null && !deleted) {
    throw new ApiProblem(
      "gone",
      `${name} was deleted; to bring it back: gaugelet functions undelete ${name}, or POST /api/v1/functions/${name}/undelete`,
    );
  }
  return row;
}

/** Whether somebody may change it and see its code. */
export function isTheirs({ owner }: Pick<FunctionRow, "owner">, { user, role }: Caller): boolean {
  return role === "admin" || owner === user;
}

export function noFunction(name: string): ApiProblem {
  return new ApiProblem("not-found", `there is no function ${JSON.stringify(name)}`);
}

/** What a change sets besides what it is about. */
export function stamp({ user }: Caller, revision: number) {
  return { revision, updatedAt: sql`now()`, updatedBy: user };
}
