import { isDeepStrictEqual } from "node:util";
import { and, eq, max } from "drizzle-orm";
import { recordAudit } from "../access/audit.ts";
import type { Caller } from "../access/caller.ts";
import { ApiProblem } from "../api/problems.ts";
import type { Transaction } from "../database/database.ts";
import { functions, packages, versions } from "../database/schema.ts";
import type { CheckedPackage } from "../packages/upload/check-upload.ts";
import { changeCatalog, type FunctionRow, functionToChange, stamp } from "./changing.ts";
import { type CodeFields, checkCode, uploadOf } from "./code.ts";
import { type CheckedManifest, checkGrants, checkManifest, keyTaken } from "./manifests.ts";
import { ownerOfKey } from "./output-keys.ts";
import type { CatalogParts } from "./parts.ts";
import type { WrittenManifest } from "./stored-function.ts";

/** What somebody deploys. */
export interface Deployment extends CodeFields {
  readonly name: string;
  readonly manifest: WrittenManifest;
  readonly comment: string;
}

/** The code of a version, which may be there already. */
type Code = CheckedPackage | Pick<CheckedPackage, "digest" | "findings">;

/**
 * Make a function.
 *
 * @param owner the caller unless an administrator says otherwise.
 * @throws ApiProblem where the name is taken, or something is wrong with the manifest or the code.
 */
export async function createFunction(
  parts: CatalogParts,
  deployment: Deployment & { readonly owner: string | undefined },
  caller: Caller,
  signal: AbortSignal,
): Promise<void> {
  const { name, owner = caller.user } = deployment;
  if (owner !== caller.user && caller.role !== "admin") {
    throw new ApiProblem("forbidden", "owner: only an administrator makes functions of others");
  }
  refuseNameOfFile(parts, name);
  const upload = uploadOf(deployment);
  if (upload === undefined)
    throw new ApiProblem("invalid-request", "body: expected one of files, zip and url");
  const manifest = await checkManifest(parts, { name, owner }, deployment.manifest);
  checkGrants(parts, deployment.manifest, undefined, caller);
  const code = await checkCode(parts, upload, manifest.definition, signal);
  await changeCatalog(parts, async (tx, revision) => {
    const [taken] = await tx.select().from(functions).where(eq(functions.name, name));
    if (taken !== undefined) throw nameTaken(taken);
    await refuseTakenKey(tx, manifest, name);
    const { outputKey } = manifest;
    await tx
      .insert(functions)
      .values({ name, owner, version: 1, outputKey, revision, updatedBy: caller.user });
    await addVersion(tx, deployment, 1, code, caller);
    await recordAudit(tx, caller, "function.create", name, { owner, package: code.digest });
  });
}

/**
 * Give a function another version, which runs from then on. What is equal to the version that runs is none.
 *
 * @param deployment without code: that of the version that runs.
 * @param ifVersion the version that is to run now.
 * @returns whether there is another version.
 * @throws ApiProblem where that cannot be.
 */
export async function deployVersion(
  parts: CatalogParts,
  deployment: Deployment & { readonly ifVersion: number | undefined },
  caller: Caller,
  signal: AbortSignal,
): Promise<boolean> {
  const { name, ifVersion } = deployment;
  const upload = uploadOf(deployment);
  // Nobody learns from the check of what they may not change, and nothing is checked for nothing.
  const { owner } = await parts.db.transaction((tx) => functionToChange(tx, parts, name, caller));
  const manifest = await checkManifest(parts, { name, owner }, deployment.manifest);
  const uploaded = upload && (await checkCode(parts, upload, manifest.definition, signal));
  return await changeCatalog(parts, async (tx, revision) => {
    const row = await functionToChange(tx, parts, name, caller);
    if (ifVersion !== undefined && row.version !== ifVersion) {
      throw new ApiProblem("conflict", `ifVersion: version ${row.version} runs, not ${ifVersion}`, {
        version: row.version,
      });
    }
    const runs = await versionOf(tx, row, row.version);
    checkGrants(parts, deployment.manifest, runs.manifest, caller);
    const code: Code = uploaded ?? { digest: runs.package, findings: [] };
    if (code.digest === runs.package && isDeepStrictEqual(runs.manifest, asStored(manifest.written)))
      return false;
    await refuseTakenKey(tx, manifest, name);
    const [newest] = await tx
      .select({ number: max(versions.number) })
      .from(versions)
      .where(eq(versions.function, name));
    const version = (newest?.number ?? 0) + 1;
    await addVersion(tx, deployment, version, code, caller);
    await tx
      .update(functions)
      .set({ version, outputKey: manifest.outputKey, ...stamp(caller, revision) })
      .where(eq(functions.name, name));
    await recordAudit(tx, caller, "function.deploy", name, { version, package: code.digest });
    return true;
  });
}

/**
 * Have another version run that was there before.
 *
 * @throws ApiProblem where there is no such version, or it cannot be had any more.
 */
export async function rollBack(
  parts: CatalogParts,
  { name, version }: { readonly name: string; readonly version: number },
  caller: Caller,
): Promise<void> {
  const wanted = await parts.db.transaction(async (tx) => {
    const row = await functionToChange(tx, parts, name, caller);
    return { owner: row.owner, ...(await versionOf(tx, row, version)) };
  });
  // What was allowed then may not be now.
  const manifest = await checkManifest(parts, { name, owner: wanted.owner }, wanted.manifest);
  await changeCatalog(parts, async (tx, revision) => {
    const row = await functionToChange(tx, parts, name, caller);
    if (row.version === version) return;
    const runs = await versionOf(tx, row, row.version);
    checkGrants(parts, wanted.manifest, runs.manifest, caller);
    await refuseTakenKey(tx, manifest, name);
    await tx
      .update(functions)
      .set({ version, outputKey: manifest.outputKey, ...stamp(caller, revision) })
      .where(eq(functions.name, name));
    await recordAudit(tx, caller, "function.rollback", name, { version, from: row.version });
  });
}

/** A version of a function. @throws ApiProblem where there is none. */
export async function versionOf(
  tx: Pick<Transaction, "select">,
  { name }: Pick<FunctionRow, "name">,
  number: number,
): Promise<{ readonly package: string; readonly manifest: WrittenManifest }> {
  const [found] = await tx
    .select({ package: versions.package, manifest: versions.manifest })
    .from(versions)
    .where(and(eq(versions.function, name), eq(versions.number, number)));
  if (found === undefined) throw new ApiProblem("not-found", `${name} has no version ${number}`);
  return { package: found.package, manifest: found.manifest as WrittenManifest };
}

/** @throws ApiProblem where another function's output may be stored at the same key. */
export async function refuseTakenKey(
  tx: Transaction,
  { outputKey }: Pick<CheckedManifest, "outputKey">,
  name: string,
): Promise<void> {
  if (outputKey === null) return;
  const other = await ownerOfKey(tx, outputKey, name);
  if (other !== undefined) throw keyTaken(outputKey, other);
}

/** @throws ApiProblem where the configuration file has the name. */
export function refuseNameOfFile({ functions: sources, file }: CatalogParts, name: string): void {
  if (sources.isOfFile(name)) {
    throw new ApiProblem("conflict", `name: ${name} is a function of ${file}`);
  }
}

export function nameTaken({ name, deletedAt }: FunctionRow): ApiProblem {
  const state = deletedAt === null ? "" : ", which was deleted and is kept until it is purged";
  return new ApiProblem("conflict", `name: there is a function ${name}${state}`);
}

async function addVersion(
  tx: Transaction,
  { name, manifest, comment }: Deployment,
  number: number,
  code: Code,
  caller: Caller,
): Promise<void> {
  if ("zip" in code) {
    const { digest, zip, files } = code;
    await tx.insert(packages).values({ digest, zip, files }).onConflictDoNothing();
  }
  await tx.insert(versions).values({
    function: name,
    number,
    manifest,
    package: code.digest,
    warnings: code.findings,
    comment,
    createdBy: caller.user,
  });
}

/** As JSON gives it back: what is undefined is not there. */
function asStored(manifest: WrittenManifest): unknown {
  return JSON.parse(JSON.stringify(manifest));
}
