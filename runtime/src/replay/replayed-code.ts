import { and, eq } from "drizzle-orm";
import type { Logger } from "pino";
import { defineStored, type WrittenManifest } from "../catalog/stored-function.ts";
import type { RuntimeConfiguration } from "../configuration/environment.ts";
import type { FunctionDefinition } from "../configuration/manifest.ts";
import type { Database } from "../database/database.ts";
import { functions, versions } from "../database/schema.ts";
import { bringCode, type CodePlaces } from "../packages/bring-code.ts";
import type { FunctionPackage } from "../packages/package.ts";
import type { KnownFunction } from "../runs/known-functions.ts";

/** A version of a function, and how its code comes onto the disk. */
export interface ReplayedCode {
  readonly definition: FunctionDefinition;
  readonly prepare: (signal: AbortSignal) => Promise<FunctionPackage>;
}

/** Where code is found. */
export interface ReplayedCodeParts {
  readonly db: Database;
  readonly configuration: Pick<RuntimeConfiguration, "operator">;
  readonly places: CodePlaces;
  readonly log: Logger;
}

/**
 * The code of a version in the catalog, or of a function of a file as it is now.
 *
 * @param number of the version; undefined: the one that runs.
 * @returns in words why there is none.
 */
export async function replayedCode(
  { db, configuration, places, log }: ReplayedCodeParts,
  { name, owner, target }: KnownFunction,
  number: number | undefined,
): Promise<ReplayedCode | string> {
  const code = (definition: FunctionDefinition): ReplayedCode => ({
    definition,
    prepare: (signal) => bringCode(definition, places, log.child({ function: definition.name }), signal),
  });
  const running = target?.callable.definition;
  if (running !== undefined && running.source.kind !== "stored") {
    // The catalog may have another of this name, deleted perhaps, which is somebody else's.
    if (number === undefined) return code(running);
    return `there is no version ${number} of ${name}, which is a function of a file`;
  }
  const [found] = await db
    .select({ version: versions.number, manifest: versions.manifest, digest: versions.package })
    .from(versions)
    .innerJoin(functions, eq(functions.name, versions.function))
    .where(and(eq(versions.function, name), eq(versions.number, number ?? functions.version)));
  if (found !== undefined) {
    const { version, manifest, digest } = found;
    const written = manifest as WrittenManifest;
    return code(defineStored({ name, owner, version, digest }, written, configuration.operator, name));
  }
  if (number !== undefined) return `there is no version ${number} of ${name} in the catalog`;
  return `${name} is not in the catalog, and does not run here`;
}
