import { NO_CODE_FOLDER } from "../code-files.ts";
import { PackageError } from "../package.ts";
import type { UploadLimits } from "./limits.ts";
import type { PackageFiles } from "./upload-files.ts";

/** A package that is looked through. */
export interface CodeToCheck {
  readonly files: PackageFiles;
  /** `module.attribute`; for a script the path of its file. */
  readonly handler: string;
  /** The Python program. */
  readonly python: string;
  readonly limits: UploadLimits;
  readonly signal: AbortSignal;
}

/**
 * The modules of a package that are its own code: not what was installed into it, nor what is hidden.
 *
 * @param ending which files.
 * @throws PackageError where they are more than can be compiled.
 */
export function sourceFiles({ files, limits }: CodeToCheck, ending: RegExp): PackageFiles {
  const environments = [...files.keys()]
    .filter((path) => /(^|\/)pyvenv\.cfg$/.test(path))
    .map((path) => path.slice(0, path.lastIndexOf("/") + 1));
  const own = [...files].filter(([path]) => {
    const folders = path.split("/").slice(0, -1);
    return (
      ending.test(path) &&
      !folders.some((folder) => NO_CODE_FOLDER.test(folder)) &&
      !environments.some((environment) => path.startsWith(environment))
    );
  });
  const bytes = own.reduce((sum, [, content]) => sum + content.length, 0);
  if (bytes > limits.codeBytes) {
    throw new PackageError(
      `the modules of the upload are larger than ${limits.codeBytes} bytes together: leave out what can be installed`,
    );
  }
  return new Map(own);
}
