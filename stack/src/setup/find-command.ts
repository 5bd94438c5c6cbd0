import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Full path of the first of these commands that is on the PATH. */
export function findCommand(...commands: readonly string[]): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  for (const command of commands) {
    const file = folders.map((folder) => join(folder, command)).find(isProgram);
    if (file !== undefined) return file;
  }
  return undefined;
}

/** True for a file that may be run. */
export function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
