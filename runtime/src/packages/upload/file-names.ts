const MAX_NAME_BYTES = 255;
const MAX_PATH_BYTES = 1024;

/**
 * Says what keeps a path from being one inside a package, on any system; undefined where nothing does.
 */
export function faultOfPath(path: string): string | undefined {
  if (path === "") return "its name is empty";
  if (/\p{Cc}/u.test(path)) return "its name has a control character";
  if (!path.isWellFormed() || path.includes("\ufffd")) return "its name is not UTF-8";
  if (path.includes("\\")) return "its name has a backslash: separate folders with /";
  if (path.startsWith("/") || /^[A-Za-z]:/.test(path))
    return "its name is absolute: give it relative to the package";
  const names = path.split("/");
  if (names.includes("..")) return "its name leads out of the package";
  if (names.includes(".") || names.includes("")) return "its name has an empty part or a dot as a part";
  if (names.some((name) => Buffer.byteLength(name) > MAX_NAME_BYTES)) {
    return `its name has a part of more than ${MAX_NAME_BYTES} bytes`;
  }
  return Buffer.byteLength(path) > MAX_PATH_BYTES
    ? `its name has more than ${MAX_PATH_BYTES} bytes`
    : undefined;
}

/**
 * The paths of a package so far. Two that some system takes for the same, and a file where another path has a
 * folder, clash: the package would not be the same everywhere.
 */
export class PathsTaken {
  /** What it looks like to a system that knows no case → how it was written, and whether it is a file. */
  readonly #taken = new Map<string, { readonly path: string; readonly isFile: boolean }>();

  /** Take a file's path. The answer says what it clashes with; undefined: nothing. */
  take(path: string): string | undefined {
    const names = path.split("/");
    for (let end = 1; end <= names.length; end += 1) {
      const part = names.slice(0, end).join("/");
      const isFile = end === names.length;
      const key = part.normalize("NFC").toLowerCase();
      const known = this.#taken.get(key);
      if (known === undefined) this.#taken.set(key, { path: part, isFile });
      else if (known.path !== part)
        return `${known.path} differs from it only in case or in how letters are composed`;
      else if (isFile && known.isFile) return "it is there twice";
      else if (isFile || known.isFile) return `${part} is both a file and a folder`;
    }
    return undefined;
  }
}

/** What systems and tools leave behind, and no function needs; a stale cache could even hide the checked code. */
export function isLeftover(path: string): boolean {
  return /(^|\/)(__pycache__|__MACOSX|\.git)(\/|$)|(^|\/)(\.DS_Store|Thumbs\.db)$/.test(path);
}
