import { NOT_ALLOWED } from "../dependencies/installer.ts";
import { type CodeKind, NPM_MODULES, readDependencies } from "../dependencies/read-dependencies.ts";
import type { Fault } from "../dependencies/requirements.ts";
import type { Finding } from "./findings.ts";
import type { PackageFiles } from "./upload-files.ts";

/** What is to be said of the packages that uploaded code names: what cannot be installed, or that nothing is. */
export function checkDependencies(files: PackageFiles, kind: CodeKind, isAllowed: boolean): Finding[] {
  const read = (name: string): string | undefined => {
    const content = files.get(name);
    return content === undefined ? undefined : Buffer.from(content).toString();
  };
  const hasModules = files.keys().some((path) => path.startsWith(`${NPM_MODULES}/`));
  const declared = readDependencies(kind, read, hasModules);
  if (isAllowed) return declared.faults.map((fault) => finding("error", fault));
  if (declared.isEmpty) return [];
  const message = `its packages are not installed: ${NOT_ALLOWED}`;
  return [finding("warning", { file: declared.file, line: null, message })];
}

function finding(severity: Finding["severity"], fault: Fault): Finding {
  return { severity, ...fault, column: null, rule: "dependencies" };
}
