import { runChecker } from "./checker-process.ts";
import type { Finding } from "./findings.ts";
import { type CodeToCheck, sourceFiles } from "./source-files.ts";

/** Python's own compiler, pyflakes, and whether the entry point is there. */
export async function checkPython(code: CodeToCheck): Promise<Finding[]> {
  return runChecker(code, null, sourceFiles(code, /\.py$/), code.handler, { names: [...code.files.keys()] });
}
