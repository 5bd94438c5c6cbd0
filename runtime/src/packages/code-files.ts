import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Modules and scripts; and what says how Node reads a folder's, and which packages it needs. All else is data. */
const CODE = /^[^.].*\.(py|[cm]?[jt]s|sh)$|^(package\.json|requirements\.txt)$/;
/** Hidden folders, what Python leaves behind, and what was installed. */
export const NO_CODE_FOLDER = /^(\.|__pycache__$|node_modules$)/;

/**
 * The modules below a folder, of whatever language. What it holds besides is data, which a function may even
 * write itself; installed packages and virtual environments are not its code, and folders that cannot be
 * read are passed over.
 */
export async function codeFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  if (entries.some(({ name }) => name === "pyvenv.cfg")) return [];
  const files: string[] = [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (!entry.isDirectory()) {
      if (CODE.test(entry.name)) files.push(path);
    } else if (!NO_CODE_FOLDER.test(entry.name)) {
      files.push(...(await codeFiles(path).catch(() => [])));
    }
  }
  return files;
}

/** A single file that is a function, and the modules beside it, which it may import. */
export async function filesOf(file: string): Promise<string[]> {
  const folder = dirname(file);
  const entries = await readdir(folder, { withFileTypes: true });
  const siblings = entries
    .filter((entry) => !entry.isDirectory() && CODE.test(entry.name))
    .map((entry) => join(folder, entry.name));
  return [...new Set([file, ...siblings])];
}

/** How a handler begins, in the language of a file's name; a mounted file of any name is Python. */
export function emptyHandler(file: string): string {
  return /\.[cm]?[jt]s$/.test(file)
    ? "export function handler(input, context)"
    : "def handler(input, context)";
}
