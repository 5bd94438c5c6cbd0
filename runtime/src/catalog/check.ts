import { eq } from "drizzle-orm";
import type { Caller } from "../access/caller.ts";
import { ApiProblem } from "../api/problems.ts";
import { functions } from "../database/schema.ts";
import type { Finding } from "../packages/upload/findings.ts";
import { isTheirs } from "./changing.ts";
import { type CodeFields, findingsOf, uploadOf } from "./code.ts";
import { checkGrants, checkManifest } from "./manifests.ts";
import { ownerOfKey } from "./output-keys.ts";
import type { CatalogParts } from "./parts.ts";
import type { WrittenManifest } from "./stored-function.ts";

/** What a deployment would come to. */
export interface CheckResult {
  readonly isAccepted: boolean;
  /** Null where no name was given. */
  readonly isNameFree: boolean | null;
  readonly problems: readonly string[];
  readonly findings: readonly Finding[];
}

/** A name that no function has: output keys and messages need one. */
const NO_NAME = "unnamed";

/** Try whether something could be deployed, and change nothing. */
export async function checkDeployment(
  parts: CatalogParts,
  {
    name,
    manifest,
    ...code
  }: CodeFields & { readonly name?: string | undefined; readonly manifest: WrittenManifest },
  caller: Caller,
  signal: AbortSignal,
): Promise<CheckResult> {
  const problems: string[] = [];
  const attempt = async <Result>(work: () => Promise<Result>): Promise<Result | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      problems.push(error.message);
      return undefined;
    }
  };
  const there =
    name === undefined ? [] : await parts.db.select().from(functions).where(eq(functions.name, name));
  const isNameFree = name === undefined ? null : there.length === 0 && !parts.functions.isOfFile(name);
  const isOwn =
    there.some((row) => isTheirs(row, caller)) && name !== undefined && !parts.functions.isOfFile(name);
  if (isNameFree === false && !isOwn) problems.push(`name: there is a function ${name}`);
  const owner = (isOwn ? there[0]?.owner : undefined) ?? caller.user;
  const checked = await attempt(() => checkManifest(parts, { name: name ?? NO_NAME, owner }, manifest));
  await attempt(async () => checkGrants(parts, manifest, undefined, caller));
  const key = checked?.outputKey ?? undefined;
  const other =
    key === undefined ? undefined : await parts.db.transaction((tx) => ownerOfKey(tx, key, name ?? NO_NAME));
  if (other !== undefined) problems.push(`manifest: output.key: ${key} may be that of the function ${other}`);
  const upload = await attempt(async () => uploadOf(code));
  let findings: readonly Finding[] = [];
  if (upload !== undefined && checked !== undefined) {
    findings = await parts
      .checkUpload(upload, checked.definition, signal)
      .then((found) => found.findings, findingsOf);
  }
  const isAccepted = problems.length === 0 && findings.every(({ severity }) => severity !== "error");
  return { isAccepted, isNameFree, problems, findings };
}
