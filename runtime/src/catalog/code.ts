import { ApiProblem } from "../api/problems.ts";
import type { FunctionDefinition } from "../configuration/manifest.ts";
import { PackageError } from "../packages/package.ts";
import type { CheckedPackage, Upload } from "../packages/upload/check-upload.ts";
import { type Finding, UploadError } from "../packages/upload/findings.ts";
import type { CatalogParts } from "./parts.ts";

/** Code as a request has it: one of these. */
export interface CodeFields {
  /** Path → text. */
  readonly files?: Readonly<Record<string, string>> | undefined;
  /** Base64. */
  readonly zip?: string | undefined;
  readonly url?: string | undefined;
}

/**
 * What a request hands over as code.
 *
 * @returns undefined where it has none.
 * @throws ApiProblem where it has several, or one that is none.
 */
export function uploadOf({ files, zip, url }: CodeFields): Upload | undefined {
  if ([files, zip, url].filter((each) => each !== undefined).length > 1) {
    throw new ApiProblem("invalid-request", "body: expected one of files, zip and url");
  }
  if (files !== undefined) {
    return {
      kind: "files",
      files: new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)])),
    };
  }
  if (url !== undefined) return { kind: "url", url };
  if (zip === undefined) return undefined;
  return { kind: "zip", zip: Buffer.from(zip, "base64") };
}

/**
 * Look through code that is to be stored.
 *
 * @throws ApiProblem `invalid-code` with what was found.
 */
export async function checkCode(
  { checkUpload }: Pick<CatalogParts, "checkUpload">,
  upload: Upload,
  about: Pick<FunctionDefinition, "language" | "handler">,
  signal: AbortSignal,
): Promise<CheckedPackage> {
  try {
    return await checkUpload(upload, about, signal);
  } catch (error) {
    const findings = findingsOf(error);
    throw new ApiProblem("invalid-code", (error as Error).message, { findings });
  }
}

/**
 * What is wrong with code that was refused.
 *
 * @throws unknown what is no refusal.
 */
export function findingsOf(error: unknown): readonly Finding[] {
  if (error instanceof UploadError) return error.findings;
  if (error instanceof PackageError) {
    const { message } = error;
    return [{ severity: "error", file: "", line: null, column: null, message, rule: "package" }];
  }
  throw error;
}
