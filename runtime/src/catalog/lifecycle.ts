import { eq, inArray, notExists, sql } from "drizzle-orm";
import { recordAudit } from "../access/audit.ts";
import type { Caller } from "../access/caller.ts";
import { ApiProblem } from "../api/problems.ts";
import { catalogState, functions, packages, versions } from "../database/schema.ts";
import { changeCatalog, functionToChange, stamp } from "./changing.ts";
import { refuseNameOfFile, refuseTakenKey } from "./deploy.ts";
import type { CatalogParts } from "./parts.ts";

/** Have a function be called no more, or again. */
export async function setPaused(
  parts: CatalogParts,
  name: string,
  isPaused: boolean,
  caller: Caller,
): Promise<void> {
  await changeCatalog(parts, async (tx, revision) => {
    const row = await functionToChange(tx, parts, name, caller, { shadowed: true });
    if (row.isPaused === isPaused) return;
    await tx
      .update(functions)
      .set({ isPaused, ...stamp(caller, revision) })
      .where(eq(functions.name, name));
    await recordAudit(tx, caller, isPaused ? "function.pause" : "function.resume", name, {});
  });
}

/** Stop a function and keep what it was. Its name stays taken, its output key does not. */
export async function deleteFunction(parts: CatalogParts, name: string, caller: Caller): Promise<void> {
  await changeCatalog(parts, async (tx, revision) => {
    await functionToChange(tx, parts, name, caller, { shadowed: true });
    await tx
      .update(functions)
      .set({ deletedAt: sql`now()`, ...stamp(caller, revision) })
      .where(eq(functions.name, name));
    await recordAudit(tx, caller, "function.delete", name, {});
  });
}

/** Bring a function back as it was when it was deleted. */
export async function undeleteFunction(parts: CatalogParts, name: string, caller: Caller): Promise<void> {
  await changeCatalog(parts, async (tx, revision) => {
    const row = await functionToChange(tx, parts, name, caller, { deleted: true, shadowed: true });
    if (row.deletedAt === null) return;
    refuseNameOfFile(parts, name);
    await refuseTakenKey(tx, row, name);
    await tx
      .update(functions)
      .set({ deletedAt: null, ...stamp(caller, revision) })
      .where(eq(functions.name, name));
    await recordAudit(tx, caller, "function.undelete", name, {});
  });
}

/** Forget a function with all its versions, and the code that no other has. */
export async function purgeFunction(parts: CatalogParts, name: string, caller: Caller): Promise<void> {
  if (caller.role !== "admin") throw new ApiProblem("forbidden", "purge: expected an administrator");
  await changeCatalog(parts, async (tx, revision) => {
    await functionToChange(tx, parts, name, caller, { deleted: true, shadowed: true });
    const used = await tx
      .selectDistinct({ digest: versions.package })
      .from(versions)
      .where(eq(versions.function, name));
    await tx.delete(functions).where(eq(functions.name, name));
    await tx.update(catalogState).set({ purged: revision });
    const digests = used.map(({ digest }) => digest);
    const users = tx.select({ one: sql`1` }).from(versions).where(eq(versions.package, packages.digest));
    await tx.delete(packages).where(sql`${inArray(packages.digest, digests)} and ${notExists(users)}`);
    await recordAudit(tx, caller, "function.purge", name, {});
  });
}
