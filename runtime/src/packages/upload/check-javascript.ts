import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runChecker } from "./checker-process.ts";
import type { Finding } from "./findings.ts";
import { type CodeToCheck, sourceFiles } from "./source-files.ts";

const { dirname: FOLDER, filename } = import.meta;
const BYTES_PER_MEBIBYTE = 1024 ** 2;
/** Modules, and the file that says how Node reads them; declarations of types are no code. */
const MODULES = /(?<!\.d)\.[cm]?[jt]s$|(^|\/)package\.json$/;

/**
 * Node's own parser, for TypeScript after its types are stripped, and whether the entry point is there, and what it
 * imports.
 */
export async function checkJavaScript(code: CodeToCheck): Promise<Finding[]> {
  return runChecker(code, checkerProgram(code), sourceFiles(code, MODULES), code.handler, {
    names: [...code.files.keys()],
  });
}

/** The program that checks modules of JavaScript and TypeScript. */
export function checkerProgram({ limits }: CodeToCheck): string[] {
  const readable = [
    FOLDER,
    join(FOLDER, "../../javascript"),
    ...["es-module-lexer", "cjs-module-lexer"].map((name) =>
      dirname(dirname(fileURLToPath(import.meta.resolve(name)))),
    ),
  ];
  return [
    process.execPath,
    `--max-old-space-size=${Math.ceil(limits.checkMemoryBytes / BYTES_PER_MEBIBYTE / 2)}`,
    "--experimental-vm-modules",
    // Only in there Node says where in an ES module an error is.
    "--expose-internals",
    "--no-warnings",
    // It reads its own program, and can write nothing, start nothing.
    "--permission",
    ...readable.map((folder) => `--allow-fs-read=${folder}`),
    join(FOLDER, "javascript-checker", `main${extname(filename)}`),
  ];
}
