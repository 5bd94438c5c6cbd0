import { checkerProgram } from "./check-javascript.ts";
import { checkShell } from "./check-shell.ts";
import { runChecker } from "./checker-process.ts";
import type { Finding } from "./findings.ts";
import { type CodeToCheck, sourceFiles } from "./source-files.ts";

const SCRIPTS = /\.(py|[cm]?[jt]s|sh)$/;
const MAX_NAMES = 10;

/** The syntax of each file, by its ending, and whether the script is there. */
export async function checkScript(code: CodeToCheck): Promise<Finding[]> {
  const python = sourceFiles(code, /\.py$/);
  const javascript = sourceFiles(code, /(?<!\.d)\.[cm]?[jt]s$|(^|\/)package\.json$/);
  const shell = sourceFiles(code, /\.sh$/);
  return [
    ...checkEntry(code),
    ...(python.size > 0 ? await runChecker(code, null, python, null) : []),
    ...(javascript.size > 0 ? await runChecker(code, checkerProgram(code), javascript, null) : []),
    ...(await checkShell(code, shell)),
  ];
}

function checkEntry({ files, handler }: CodeToCheck): Finding[] {
  if (files.has(handler)) return [];
  const scripts = [...files.keys()].filter((path) => SCRIPTS.test(path));
  const more = scripts.length > MAX_NAMES ? ", …" : "";
  const has =
    scripts.length > 0
      ? `the package has ${scripts.slice(0, MAX_NAMES).join(", ")}${more}`
      : "there is no script";
  const message = `there is no file ${JSON.stringify(handler)}; ${has}`;
  return [{ severity: "error", file: "", line: null, column: null, message, rule: "entry-point" }];
}
