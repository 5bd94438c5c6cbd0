import { and, desc, eq, lt } from "drizzle-orm";
import type { Caller } from "../access/caller.ts";
import { ApiProblem } from "../api/problems.ts";
import { aliases, functions, packages, versions } from "../database/schema.ts";
import type { Finding } from "../packages/upload/findings.ts";
import { isTheirs, noFunction } from "./changing.ts";
import type { CatalogParts } from "./parts.ts";
import type { WrittenManifest } from "./stored-function.ts";

type ReadingParts = Pick<CatalogParts, "db" | "functions" | "file">;

/** A version, as a list has it. */
export interface VersionSummary {
  readonly version: number;
  readonly isCurrent: boolean;
  /** Names that stand for it. */
  readonly aliases: readonly string[];
  /** SHA-256 of the code, in hexadecimal. */
  readonly package: string;
  readonly comment: string;
  readonly createdAt: Date;
  readonly createdBy: string;
}

/** Versions of a function, newest first, from behind one. */
export async function listVersions(
  parts: ReadingParts,
  name: string,
  { after, limit }: { readonly after: number | undefined; readonly limit: number },
  caller: Caller,
): Promise<VersionSummary[]> {
  const { version: current } = await ownFunction(parts, name, caller);
  const rows = await parts.db
    .select()
    .from(versions)
    .where(and(eq(versions.function, name), after === undefined ? undefined : lt(versions.number, after)))
    .orderBy(desc(versions.number))
    .limit(limit);
  const named = await parts.db.select().from(aliases).where(eq(aliases.function, name));
  return rows.map(({ number, package: digest, comment, createdAt, createdBy }) => ({
    version: number,
    isCurrent: number === current,
    aliases: named.filter(({ version }) => version === number).map((alias) => alias.name),
    package: digest,
    comment,
    createdAt,
    createdBy,
  }));
}

/** All of a version but its code. */
export interface VersionDetails extends VersionSummary {
  readonly manifest: WrittenManifest;
  readonly warnings: readonly Finding[];
  readonly files: readonly string[];
}

/** @throws ApiProblem where there is none, or it is not the caller's to see. */
export async function readVersion(
  parts: ReadingParts,
  name: string,
  version: number,
  caller: Caller,
): Promise<VersionDetails> {
  const [summary] = await listVersions(parts, name, { after: version + 1, limit: 1 }, caller);
  const [row] = await parts.db
    .select({ manifest: versions.manifest, warnings: versions.warnings, files: packages.files })
    .from(versions)
    .innerJoin(packages, eq(packages.digest, versions.package))
    .where(and(eq(versions.function, name), eq(versions.number, version)));
  if (row === undefined || summary?.version !== version) throw noVersion(name, version);
  return {
    ...summary,
    manifest: row.manifest as WrittenManifest,
    warnings: row.warnings as Finding[],
    files: row.files,
  };
}

/** The zip of a version. */
export async function readZip(
  parts: ReadingParts,
  name: string,
  version: number,
  caller: Caller,
): Promise<Buffer> {
  await ownFunction(parts, name, caller);
  const [row] = await parts.db
    .select({ zip: packages.zip })
    .from(versions)
    .innerJoin(packages, eq(packages.digest, versions.package))
    .where(and(eq(versions.function, name), eq(versions.number, version)));
  if (row === undefined) throw noVersion(name, version);
  return row.zip;
}

/** The number of a version that is named by it or by an alias. */
export async function versionNumber(
  parts: ReadingParts,
  name: string,
  version: string | number,
  caller: Caller,
): Promise<number> {
  if (typeof version === "number" || /^[1-9]\d{0,8}$/.test(version)) return Number(version);
  await ownFunction(parts, name, caller);
  const [found] = await parts.db
    .select({ version: aliases.version })
    .from(aliases)
    .where(and(eq(aliases.function, name), eq(aliases.name, version)));
  if (found === undefined) throw noVersion(name, version);
  return found.version;
}

function noVersion(name: string, version: string | number): ApiProblem {
  return new ApiProblem("not-found", `${name} has no version ${version}`);
}

/** @throws ApiProblem where there is none, or its code is not the caller's to see. */
async function ownFunction({ db, functions: sources, file }: ReadingParts, name: string, caller: Caller) {
  const [row] = await db.select().from(functions).where(eq(functions.name, name));
  if (row === undefined && sources.isOfFile(name)) {
    throw new ApiProblem("not-found", `${name} is a function of ${file} and has no versions`);
  }
  if (row === undefined || (row.deletedAt !== null && !isTheirs(row, caller))) throw noFunction(name);
  if (!isTheirs(row, caller)) {
    throw new ApiProblem("forbidden", `${name} belongs to ${row.owner}, who alone sees its code`);
  }
  return row;
}
