import { and, eq, inArray, isNotNull, notExists, sql } from "drizzle-orm";
import { recordAudit } from "../access/audit.ts";
import type { Caller } from "../access/caller.ts";
import { ApiProblem } from "../api/problems.ts";
import { runs } from "../database/schema/runs.ts";
import { catalogState, functions, packages, versions } from "../database/schema.ts";
import { changeCatalog, functionToChange, stamp } from "./changing.ts";
import { refuseNameOfFile, refuseTakenKey } from "./deploy.ts";
import { keysOfVersions, topicsOfVersions } from "./output-keys.ts";
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

/**
 * Forget a function with all its versions, what it left behind in Redis, and the code that no other has. It is deleted
 * first, so that no runtime goes on with it; where Redis is away it stays so, and can be purged later.
 */
export async function purgeFunction(parts: CatalogParts, name: string, caller: Caller): Promise<void> {
  if (caller.role !== "admin") throw new ApiProblem("forbidden", "purge: expected an administrator");
  const { outputKeys, topics } = await changeCatalog(parts, async (tx, revision) => {
    await functionToChange(tx, parts, name, caller, { deleted: true, shadowed: true });
    await tx
      .update(functions)
      .set({ deletedAt: sql`coalesce(${functions.deletedAt}, now())`, ...stamp(caller, revision) })
      .where(eq(functions.name, name));
    return {
      outputKeys: await keysOfVersions(tx, parts, name),
      topics: await topicsOfVersions(tx, name),
    };
  });
  // A function of the configuration file with this name goes on, and what is in Redis is its own.
  const isOfFile = parts.functions.isOfFile(name);
  if (!isOfFile) await parts.forget(name, outputKeys, topics);
  await changeCatalog(parts, async (tx, revision) => {
    const used = await tx
      .selectDistinct({ digest: versions.package })
      .from(versions)
      .where(eq(versions.function, name));
    const gone = await tx
      .delete(functions)
      .where(and(eq(functions.name, name), isNotNull(functions.deletedAt)))
      .returning({ name: functions.name });
    if (gone.length === 0) {
      throw new ApiProblem("conflict", `${name} was brought back, or purged by another, at the same time`);
    }
    await tx.update(catalogState).set({ purged: revision });
    const digests = used.map(({ digest }) => digest);
    const users = tx.select({ one: sql`1` }).from(versions).where(eq(versions.package, packages.digest));
    await tx.delete(packages).where(sql`${inArray(packages.digest, digests)} and ${notExists(users)}`);
    if (!isOfFile) {
      await tx
        .update(runs)
        .set({
          status: "failed",
          finishedAt: sql`now()`,
          error: "the function was purged before it was called",
        })
        .where(and(eq(runs.function, name), eq(runs.status, "waiting")));
    }
    await recordAudit(tx, caller, "function.purge", name, {});
  });
}
