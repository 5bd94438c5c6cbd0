import { posix } from "node:path";

/** How Node reads a module; undefined: it finds out by the module's syntax. */
export type ModuleKind = "module" | "commonjs" | undefined;

/**
 * How Node reads each of a package's modules: by its ending, else by the nearest package.json.
 *
 * @param refuse is told of a package.json that Node could not read.
 */
export function kindsOfFolders(
  sources: ReadonlyMap<string, string>,
  refuse: (file: string, message: string) => void,
): (path: string) => ModuleKind {
  const folders = new Map<string, ModuleKind>();
  for (const [path, source] of sources) {
    if (posix.basename(path) !== "package.json") continue;
    try {
      const { type } = (JSON.parse(source.replace(/^\uFEFF/, "")) ?? {}) as { type?: unknown };
      folders.set(posix.dirname(path), type === "module" || type === "commonjs" ? type : undefined);
    } catch (error) {
      refuse(path, `it is not JSON: ${(error as Error).message}`);
    }
  }
  return (path) => {
    if (/\.m[jt]s$/.test(path)) return "module";
    if (/\.c[jt]s$/.test(path)) return "commonjs";
    for (let folder = posix.dirname(path); ; folder = posix.dirname(folder)) {
      if (folders.has(folder)) return folders.get(folder);
      if (folder === ".") return undefined;
    }
  };
}
