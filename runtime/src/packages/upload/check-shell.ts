import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { runContained } from "./checker-process.ts";
import type { Finding } from "./findings.ts";
import type { CodeToCheck } from "./source-files.ts";
import type { PackageFiles } from "./upload-files.ts";

const PLACES = ["/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash"];

/** The syntax of shell scripts, by `bash -n`, which reads them and runs nothing. Nothing where there is no bash. */
export async function checkShell(code: CodeToCheck, files: PackageFiles): Promise<Finding[]> {
  const bash = files.size > 0 ? await findBash() : undefined;
  if (bash === undefined) return [];
  const findings: Finding[] = [];
  for (const [file, content] of files) {
    const run = await runContained(code, [bash, "--noprofile", "--norc", "-n"], [content]);
    if (run.exitCode === 0) continue;
    const { line, message } = /line (?<line>\d+): (?<message>[^\n]*)/.exec(run.stderr)?.groups ?? {};
    findings.push({
      severity: "error",
      file,
      line: line === undefined ? null : Number(line),
      column: null,
      message: message ?? `it cannot be checked: bash ${run.problem ?? `ended with code ${run.exitCode}`}`,
      rule: "bash",
    });
  }
  return findings;
}

async function findBash(): Promise<string | undefined> {
  for (const place of PLACES) {
    const isThere = await access(place, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return place;
  }
  return undefined;
}
