import type { Language } from "../../configuration/manifest.ts";
import { readNpmPackages } from "./npm-packages.ts";
import { type Fault, readRequirements } from "./requirements.ts";

export const REQUIREMENTS = "requirements.txt";
export const NPM_MANIFEST = "package.json";
export const NPM_LOCK = "package-lock.json";
export const NPM_MODULES = "node_modules";

/** What a function is written in, as far as that says where its packages come from. */
export interface CodeKind {
  readonly language: Language;
  /** `module.attribute`; of a script the path of its file. */
  readonly handler: string;
}

/** What a function needs besides what the runtime has. */
export interface DeclaredDependencies {
  /** The file that says so. */
  readonly file: typeof REQUIREMENTS | typeof NPM_MANIFEST;
  /** Whether it names nothing. */
  readonly isEmpty: boolean;
  /** What cannot be installed; then nothing is. */
  readonly faults: readonly Fault[];
}

/**
 * Read what a function needs, from the files at the top of its package.
 *
 * @param read gives a file's text; undefined: there is none.
 * @param hasModules whether the package has {@link NPM_MODULES} of its own, which is all that Node would look into.
 */
export function readDependencies(
  { language, handler }: CodeKind,
  read: (name: string) => string | undefined,
  hasModules: boolean,
): DeclaredDependencies {
  const isNode =
    language === "javascript" ||
    language === "typescript" ||
    (language === "script" && /\.[cm]?[jt]s$/.test(handler));
  const file = isNode ? NPM_MANIFEST : REQUIREMENTS;
  const text = read(file);
  if (text === undefined || (isNode && hasModules)) return { file, isEmpty: true, faults: [] };
  return { file, ...(isNode ? readNpmPackages(text, read(NPM_LOCK)) : readRequirements(text)) };
}
