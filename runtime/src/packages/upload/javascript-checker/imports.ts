import { isBuiltin } from "node:module";
import { posix } from "node:path";
import type { ModuleImport, ParsedModule } from "./parsing.ts";

/** The name of the package that a bare specifier is of. */
const PACKAGE_NAME = /^(?:@[^/]+\/)?[^/@#:.][^/:]*/;

/** An import of what is not there. */
export interface MissingImport {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/**
 * Find imports of what is not there, in the modules that are loaded with an entry point: those that come before
 * anything runs, so that nothing can catch their failure.
 *
 * @param entry the entry point's file.
 * @param names of all files of the package.
 */
export function missingImports(
  entry: string,
  modules: ReadonlyMap<string, ParsedModule | undefined>,
  names: readonly string[],
  packageJson: string | undefined,
): MissingImport[] {
  const files = new Set(names);
  const packages = packagesOf(names, packageJson);
  const reached = new Set([entry]);
  const missing: MissingImport[] = [];
  // The set grows while it is gone through.
  for (const file of reached) {
    for (const each of modules.get(file)?.imports ?? []) {
      const target = fileOf(each.specifier, file);
      if (target !== undefined && files.has(target)) reached.add(target);
      const problem =
        target === undefined ? problemOfPackage(each, packages) : problemOfFile(each, target, files);
      if (problem === undefined) continue;
      const message = `it imports '${each.specifier}', ${problem}`;
      missing.push({ file, line: each.line, column: each.column, message });
    }
  }
  return missing;
}

/** The file of the package that is imported; undefined where it is none, or one outside of it. */
function fileOf(specifier: string, from: string): string | undefined {
  if (!/^\.{1,2}\//.test(specifier)) return undefined;
  const target = posix.join(posix.dirname(from), specifier.replace(/[?#].*$/, ""));
  try {
    return target.startsWith("../") ? undefined : decodeURIComponent(target);
  } catch {
    return undefined;
  }
}

function problemOfFile(
  { specifier }: ModuleImport,
  target: string,
  files: ReadonlySet<string>,
): string | undefined {
  if (files.has(target)) return undefined;
  const stem = target.replace(/\.[cm]?js$/, "");
  const endings = [".js", ".ts", ".mjs", ".mts", ".cjs", ".cts", "/index.js", "/index.ts"];
  const ending = endings.find((each) => files.has(stem + each));
  const hint = ending === undefined ? "" : `; write '${specifier.replace(/\.[cm]?js$/, "")}${ending}'`;
  return `which is not in the package${hint}`;
}

function problemOfPackage({ specifier }: ModuleImport, packages: ReadonlySet<string>): string | undefined {
  const name = PACKAGE_NAME.exec(specifier)?.[0];
  if (name === undefined || specifier.includes(":") || isBuiltin(specifier) || packages.has(name)) {
    return undefined;
  }
  return "which is neither in node_modules of the package nor among the dependencies of its package.json";
}

/** The packages that code may import: those that are there, those that are to be installed, and itself. */
function packagesOf(names: readonly string[], packageJson: string | undefined): Set<string> {
  const found = names.flatMap((name) => /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(name)?.[1] ?? []);
  try {
    const { name, dependencies } = JSON.parse(packageJson ?? "{}") as Record<string, unknown>;
    found.push(String(name), ...Object.keys(Object(dependencies) as object));
  } catch {
    // That is told of elsewhere.
  }
  return new Set(found);
}
