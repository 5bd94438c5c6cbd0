import { faultOfEntryPoint, type Language } from "../../configuration/manifest.ts";
import { PackageError } from "../package.ts";
import { checkDependencies } from "./check-dependencies.ts";
import type { CodeChecks } from "./code-checks.ts";
import { fetchUpload } from "./fetch-upload.ts";
import { type Finding, sortFindings, UploadError } from "./findings.ts";
import { UPLOAD_LIMITS, type UploadLimits } from "./limits.ts";
import { nameOfSource } from "./name-of-source.ts";
import { digestOf, packFiles } from "./pack.ts";
import type { CodeToCheck } from "./source-files.ts";
import { filesOfUpload, filesOfZip, type PackageFiles } from "./upload-files.ts";
import type { UrlPolicy } from "./url-policy.ts";

/** What a user hands over as code. */
export type Upload =
  /** Relative path → content; a single source file is one entry. */
  | { readonly kind: "files"; readonly files: ReadonlyMap<string, Uint8Array> }
  | { readonly kind: "zip"; readonly zip: Uint8Array }
  /** Of a zip or of a source file. */
  | { readonly kind: "url"; readonly url: string };

/** What the code is said to be. */
export interface AboutUpload {
  readonly language: Language;
  /** `module.attribute`; for a script the path of its file. */
  readonly handler: string;
}

/** What a check needs, and what it may cost. */
export interface CheckOptions {
  /** The Python program that functions run on. */
  readonly python: string;
  readonly urlPolicy: UrlPolicy;
  readonly checks: CodeChecks;
  /** Whether packages that the code names are installed; false unless said. */
  readonly allowsDependencies?: boolean;
  /** What differs from {@link UPLOAD_LIMITS}. */
  readonly limits?: Partial<UploadLimits>;
}

/** Uploaded code that may be stored. */
export interface CheckedPackage {
  /** A zip of the files, sorted, with fixed times. */
  readonly zip: Buffer;
  /** SHA-256 of names and contents in hexadecimal: equal for equal code, however it came. */
  readonly digest: string;
  /** Sorted paths. */
  readonly files: readonly string[];
  /** Only warnings. */
  readonly findings: readonly Finding[];
}

/**
 * Look through uploaded code, without running any of it.
 *
 * @param signal ends it early, with its reason as the error.
 * @throws UploadError where the code has errors.
 * @throws PackageError where the upload cannot be had, is unsafe or too large.
 */
export async function checkUpload(
  upload: Upload,
  about: AboutUpload,
  options: CheckOptions,
  signal: AbortSignal = AbortSignal.any([]),
): Promise<CheckedPackage> {
  const limits = { ...UPLOAD_LIMITS, ...options.limits };
  const fault = faultOfEntryPoint(about.handler, about.language);
  if (fault !== undefined) throw new UploadError([aboutHandler(about.handler, fault)]);
  const files = await filesFrom(upload, about, options.urlPolicy, limits, signal);
  const code: CodeToCheck = { files, handler: about.handler, python: options.python, limits, signal };
  const digest = digestOf(files);
  const findings = sortFindings([
    ...checkDependencies(files, about, options.allowsDependencies ?? false),
    ...(await options.checks.findingsIn(code, about.language, digest)),
  ]);
  if (findings.some(({ severity }) => severity === "error")) throw new UploadError(findings);
  const zip = await packFiles(files);
  if (zip.length > limits.packedBytes) {
    throw new PackageError(`the upload is larger than ${limits.packedBytes} bytes when packed`);
  }
  return { zip, digest, files: [...files.keys()], findings };
}

function aboutHandler(handler: string, fault: string): Finding {
  const message = `the entry point ${JSON.stringify(handler)} cannot be: ${fault}`;
  return { severity: "error", file: "", line: null, column: null, message, rule: "entry-point" };
}

async function filesFrom(
  upload: Upload,
  about: AboutUpload,
  urlPolicy: UrlPolicy,
  limits: UploadLimits,
  signal: AbortSignal,
): Promise<PackageFiles> {
  switch (upload.kind) {
    case "files":
      return filesOfUpload(upload.files, limits);
    case "zip": {
      const { buffer, byteOffset, length } = upload.zip;
      return filesOfZip(Buffer.from(buffer, byteOffset, length), "the zip", limits, signal);
    }
    case "url": {
      const { name, path, content } = await fetchUpload(upload.url, urlPolicy, limits, signal);
      if (isZip(content)) return filesOfZip(content, name, limits, signal);
      return filesOfUpload(new Map([[nameOfSource(path, about), content]]), limits);
    }
  }
}

/** By its first bytes: those of an entry, or of the end of an empty zip. */
function isZip(content: Buffer): boolean {
  return ["PK\x03\x04", "PK\x05\x06"].includes(content.subarray(0, 4).toString("latin1"));
}
