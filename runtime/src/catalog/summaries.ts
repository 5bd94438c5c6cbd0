import type { FunctionDefinition } from "../configuration/manifest.ts";
import type { functions } from "../database/schema.ts";
import type { Finding } from "../packages/upload/findings.ts";
import type { CatalogParts } from "./parts.ts";
import type { WrittenManifest } from "./stored-function.ts";

/** Where a function is. */
export type FunctionState = "serving" | "paused" | "deleted" | "shadowed";

/** A function, as everybody may see it. */
export interface FunctionSummary {
  readonly name: string;
  readonly owner: string;
  readonly description: string;
  readonly origin: "api" | "file";
  /** Path of the file that declares it; null for those of the catalog. */
  readonly file: string | null;
  readonly state: FunctionState;
  readonly language: string;
  readonly class: string | number;
  readonly triggers: readonly Readonly<Record<string, unknown>>[];
  /** Null for those of the file, and so are the rest. */
  readonly version: number | null;
  readonly createdAt: Date | null;
  readonly updatedAt: Date | null;
  readonly updatedBy: string | null;
  readonly deletedAt: Date | null;
  /** Why it cannot be loaded here; null where it is loaded, or was not tried. */
  readonly loadProblem: string | null;
}

/** A function, and what its owner may see besides. */
export interface FunctionDetails extends FunctionSummary {
  readonly aliases: Readonly<Record<string, number>>;
  /** Null where somebody else asks. */
  readonly manifest: WrittenManifest | null;
  readonly warnings: readonly Finding[] | null;
}

/** A function of the catalog with the manifest of the version that runs. */
export interface FunctionWithManifest {
  readonly function: typeof functions.$inferSelect;
  readonly manifest: unknown;
}

/** A function of the catalog, as everybody may see it. */
export function summaryOf(
  { functions: sources }: Pick<CatalogParts, "functions">,
  { function: row, manifest }: FunctionWithManifest,
): FunctionSummary {
  // It was checked when it came.
  const written = manifest as Partial<Pick<FunctionDefinition, "description" | "language" | "class">> & {
    readonly triggers: readonly Readonly<Record<string, unknown>>[];
  };
  const { name, owner, version, createdAt, updatedAt, updatedBy, deletedAt, outputKey } = row;
  const isShadowed = sources.isOfFile(name) || (outputKey !== null && sources.isKeyOfFile(outputKey));
  const state =
    deletedAt !== null ? "deleted" : isShadowed ? "shadowed" : row.isPaused ? "paused" : "serving";
  return {
    name,
    owner,
    description: written.description ?? "",
    origin: "api",
    file: null,
    state,
    language: written.language ?? "python",
    class: written.class ?? "standard",
    triggers: written.triggers,
    version,
    createdAt,
    updatedAt,
    updatedBy,
    deletedAt,
    loadProblem: (isShadowed ? undefined : sources.loadProblem(name)) ?? null,
  };
}

/** A function of the configuration file. */
export function summaryOfFile(
  { file, functions: sources }: Pick<CatalogParts, "file" | "functions">,
  { name, owner, description, language, class: ofClass, triggers }: FunctionDefinition,
): FunctionSummary {
  return {
    name,
    owner,
    description,
    origin: "file",
    file,
    state: "serving",
    language,
    class: ofClass,
    triggers,
    version: null,
    createdAt: null,
    updatedAt: null,
    updatedBy: null,
    deletedAt: null,
    loadProblem: sources.loadProblem(name) ?? null,
  };
}
