import { ConfigurationError } from "@gaugelet/shared/configuration";
import { defaultOutputKey } from "@gaugelet/shared/keys";
import type { Caller } from "../access/caller.ts";
import { SecretError } from "../access/secrets.ts";
import { ApiProblem } from "../api/problems.ts";
import { compileInputSchema } from "../configuration/input-schema.ts";
import { isWeaker } from "../configuration/isolation.ts";
import { type FunctionDefinition, outputKeyIn, outputKeyOn } from "../configuration/manifest.ts";
import { mayBeOne } from "./output-keys.ts";
import type { CatalogParts } from "./parts.ts";
import { defaultIsolation, defineStored, type WrittenManifest } from "./stored-function.ts";

/** A manifest that was checked. */
export interface CheckedManifest {
  readonly written: WrittenManifest;
  readonly definition: FunctionDefinition;
  /** As it says it; null: that of its name. */
  readonly outputKey: string | null;
}

/** Gaugelet's own keys, and the output keys of functions that name none. */
const OWN_KEYS = "gaugelet:{shard}";

type ManifestParts = Pick<CatalogParts, "functions" | "file" | "operator" | "secretsOf">;

/**
 * Check all of a manifest that can be known without the other functions of the catalog.
 *
 * @throws ApiProblem that says what is wrong.
 */
export async function checkManifest(
  parts: ManifestParts,
  { name, owner }: { readonly name: string; readonly owner: string },
  written: WrittenManifest,
): Promise<CheckedManifest> {
  refuseForeignFields(written, owner);
  const about = { name, owner, version: 0, digest: "" };
  try {
    const definition = defineStored(about, written, parts.operator, "manifest");
    if (definition.input !== undefined) await compileInputSchema(definition.input, "manifest");
    if (definition.secrets.length > 0) await parts.secretsOf(owner, definition.secrets);
    const outputKey = outputKeyOf(parts, definition, written);
    return { written, definition, outputKey };
  } catch (error) {
    if (error instanceof ConfigurationError) throw invalid(error.message);
    if (error instanceof SecretError) throw invalid(`manifest: secrets: ${error.message}`);
    throw error;
  }
}

/**
 * Make sure that what only an operator grants was granted: to this caller, or to the version that runs.
 *
 * @throws ApiProblem where it was not.
 */
export function checkGrants(
  { operator }: Pick<CatalogParts, "operator">,
  wanted: WrittenManifest,
  runs: WrittenManifest | undefined,
  { role }: Caller,
): void {
  if (role === "admin") return;
  if (wanted.network === true && runs?.network !== true) {
    throw new ApiProblem("forbidden", "manifest: network: only an administrator grants the network");
  }
  const usual = defaultIsolation(operator);
  const isWeak = ({ isolation }: WrittenManifest): boolean =>
    isolation !== undefined && isWeaker(isolation as FunctionDefinition["isolation"], usual);
  if (isWeak(wanted) && (runs === undefined || !isWeak(runs))) {
    throw new ApiProblem("forbidden", `manifest: isolation: only an administrator grants less than ${usual}`);
  }
}

function refuseForeignFields(written: WrittenManifest, owner: string): void {
  for (const field of ["name", "source"]) {
    if (field in written) throw invalid(`manifest: ${field}: expected beside the manifest, not in it`);
  }
  if (written.owner !== undefined && written.owner !== owner) {
    throw invalid(`manifest: owner: expected ${owner}, whose function it is, or nothing`);
  }
  const text = JSON.stringify(written);
  // PostgreSQL can keep neither.
  if (/(?<!\\)(\\\\)*\\u(0000|d[89a-f][0-9a-f]{2})/i.test(text)) {
    throw invalid("manifest: expected text without the character 0 and without halves of characters");
  }
}

function outputKeyOf(
  { functions, file }: ManifestParts,
  { name, state, outputKey: keyHere }: FunctionDefinition,
  { output }: WrittenManifest,
): string | null {
  const { key } = (output ?? {}) as { readonly key?: string };
  if (key === undefined) return null;
  const outputKey = outputKeyIn({ name, state, output: { key } });
  // What stands in place of a placeholder, or nothing, may make it begin so.
  const keys = [keyHere, outputKeyOn(outputKey, undefined)];
  if (key !== defaultOutputKey(name) && keys.some((each) => mayBeOne(each, OWN_KEYS))) {
    throw invalid(
      "manifest: output.key: expected a key that does not begin with gaugelet:, in no shard and on no node",
    );
  }
  const other = functions.ofFile.find((each) => mayBeOne(each.outputKey, outputKey));
  if (other !== undefined) throw keyTaken(outputKey, `${other.name} of ${file}`);
  return outputKey;
}

export function keyTaken(key: string, other: string): ApiProblem {
  return new ApiProblem("conflict", `manifest: output.key: ${key} may be that of the function ${other}`);
}

function invalid(detail: string): ApiProblem {
  return new ApiProblem("invalid-request", detail);
}
