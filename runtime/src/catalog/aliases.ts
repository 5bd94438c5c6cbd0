import { and, eq } from "drizzle-orm";
import { recordAudit } from "../access/audit.ts";
import type { Caller } from "../access/caller.ts";
import { ApiProblem } from "../api/problems.ts";
import { aliases } from "../database/schema.ts";
import { changeCatalog, functionToChange } from "./changing.ts";
import { versionOf } from "./deploy.ts";
import type { CatalogParts } from "./parts.ts";

/** Have a name stand for a version, whatever it stood for. */
export async function setAlias(
  parts: CatalogParts,
  { name, alias, version }: { readonly name: string; readonly alias: string; readonly version: number },
  caller: Caller,
): Promise<void> {
  await changeCatalog(parts, async (tx) => {
    const row = await functionToChange(tx, parts, name, caller);
    await versionOf(tx, row, version);
    const value = { version, updatedAt: new Date(), updatedBy: caller.user };
    await tx
      .insert(aliases)
      .values({ function: name, name: alias, ...value })
      .onConflictDoUpdate({ target: [aliases.function, aliases.name], set: value });
    await recordAudit(tx, caller, "function.alias", name, { alias, version });
  });
}

export async function deleteAlias(
  parts: CatalogParts,
  { name, alias }: { readonly name: string; readonly alias: string },
  caller: Caller,
): Promise<void> {
  await changeCatalog(parts, async (tx) => {
    await functionToChange(tx, parts, name, caller);
    const gone = await tx
      .delete(aliases)
      .where(and(eq(aliases.function, name), eq(aliases.name, alias)))
      .returning();
    if (gone.length === 0) throw new ApiProblem("not-found", `${name} has no alias ${alias}`);
    await recordAudit(tx, caller, "function.alias-delete", name, { alias });
  });
}
