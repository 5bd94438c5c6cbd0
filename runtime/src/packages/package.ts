import type { CodeSource } from "../configuration/manifest.ts";

/** Digits of a digest that name a version. */
export const VERSION_DIGITS = 12;

/** A function's own code on this machine's disk. */
export interface CodeOnDisk {
  /** Folder that the module and its siblings are imported from. */
  readonly directory: string;
  /** The module's file where a single file is the function, whatever it is called; else null. */
  readonly file: string | null;
  /** First 12 hexadecimal digits of the SHA-256 of the code. */
  readonly version: string;
}

/** A function's code with all that it needs, ready to be imported. */
export interface FunctionPackage extends CodeOnDisk {
  /** Number of the version in the catalog that it was brought for; null where it does not come from there. */
  readonly number: number | null;
  /** Folder of further packages that were installed for it; null: none. */
  readonly libraries: string | null;
}

/** The function's code cannot be had. The message says where it was looked for and what to do. */
export class PackageError extends Error {
  override readonly name = "PackageError";
}

/** Name a source in messages. Base64 text is not shown, nor is what a URL may carry to sign in. */
export function describeSource(source: CodeSource): string {
  switch (source.kind) {
    case "path":
      return source.path;
    case "url": {
      const url = URL.parse(source.url);
      return url === null ? "the URL" : `${url.origin}${url.pathname}`;
    }
    case "base64":
      return "the base64 text";
    case "stored":
      return `package ${source.digest.slice(0, VERSION_DIGITS)} of the catalog`;
  }
}
