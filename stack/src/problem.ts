/** Something that only the user can mend. The message says what happened and what to do; no stack trace. */
export class Problem extends Error {
  override readonly name = "Problem";
}

/** Run a command of the terminal. A {@link Problem} is told in its own words, and the exit code says that there was one. */
export async function runCommand(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

const FILE_ERRORS: Record<string, string> = {
  ENOSPC: "the disk is full; free some space",
  EDQUOT: "the disk quota is used up; free some space",
  EACCES: "no permission; choose a folder of your own or change its owner",
  EPERM: "no permission; choose a folder of your own or change its owner",
  EROFS: "the file system is read-only; choose another folder",
  ENOTDIR: "a part of the path is a file, not a folder; choose another folder",
  EEXIST: "there is a file where a folder is needed; choose another folder",
};

/** Say in words what a file error means and what to do; undefined where the error is no such one. */
export function explainFileError(error: unknown): string | undefined {
  const { code, path, message } = error as NodeJS.ErrnoException;
  const hint = code === undefined ? undefined : FILE_ERRORS[code];
  if (hint === undefined) return undefined;
  return path === undefined ? `${hint} (${message})` : `${path}: ${hint}`;
}
