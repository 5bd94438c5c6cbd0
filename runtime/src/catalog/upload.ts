import type { Language } from "../configuration/manifest.ts";

/** What a user hands over as code. */
export type Upload =
  /** Relative path → content. */
  | { readonly kind: "files"; readonly files: ReadonlyMap<string, Uint8Array> }
  | { readonly kind: "zip"; readonly zip: Uint8Array }
  | { readonly kind: "url"; readonly url: string };

/** One thing found in uploaded code. */
export interface Finding {
  readonly severity: "error" | "warning";
  /** Path inside the package; "" for what is about the package as a whole. */
  readonly file: string;
  /** From 1; null where it is about the whole file. */
  readonly line: number | null;
  /** From 1; null where that is not known. */
  readonly column: number | null;
  readonly message: string;
  readonly rule: string;
}

/** Uploaded code that may be stored. */
export interface CheckedPackage {
  readonly zip: Buffer;
  /** SHA-256 of names and contents in hexadecimal. */
  readonly digest: string;
  readonly files: readonly string[];
  /** Only warnings. */
  readonly findings: readonly Finding[];
}

/** Uploaded code that cannot be stored. */
export class UploadError extends Error {
  override readonly name = "UploadError";
  readonly findings: readonly Finding[];

  constructor(findings: readonly Finding[]) {
    super(
      `the code cannot be stored: ${findings.find(({ severity }) => severity === "error")?.message ?? ""}`,
    );
    this.findings = findings;
  }
}

/**
 * Looks through uploaded code, without running any of it.
 *
 * @throws UploadError where the code has errors.
 * @throws PackageError where the upload cannot be had, is unsafe or too large.
 */
export type CheckUpload = (
  upload: Upload,
  about: { readonly language: Language; readonly handler: string },
  signal: AbortSignal,
) => Promise<CheckedPackage>;
