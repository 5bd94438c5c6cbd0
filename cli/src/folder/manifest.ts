import { readFile, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { load } from "js-yaml";
import { CommandFailure } from "../failure.ts";
import { shellArgument } from "../output.ts";
import { type Files, readFolder } from "./read-folder.ts";

export const MANIFEST = "function.yaml";

/** A function as it is on this machine. */
export interface LocalFunction {
  readonly name: string;
  /** Without `name` and `source`, which the server is told in other ways. */
  readonly manifest: Readonly<Record<string, unknown>>;
  readonly files: Files;
}

/**
 * Read a function's folder: what its function.yaml says, and its code.
 *
 * @param skip hears of what is left out because it is no file.
 * @throws CommandFailure that says what is missing.
 */
export async function readLocalFunction(
  folder: string,
  skip: (path: string) => void,
): Promise<LocalFunction> {
  const file = join(folder, MANIFEST);
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOTDIR") {
      throw new CommandFailure("failed", `${folder} is no folder; expected one with a ${MANIFEST}`);
    }
    const todo =
      error.code === "ENOENT"
        ? `there is none; make one with: gaugelet init ${shellArgument(folder)}`
        : error.message;
    throw new CommandFailure("failed", `${file}: ${todo}`);
  });
  const { name, source = ".", ...manifest } = readYaml(text, file);
  if (typeof name !== "string") {
    throw new CommandFailure("failed", `${file}: name: expected the function's name, such as host-usage`);
  }
  if (typeof source !== "string" || /^https?:/.test(source)) {
    throw new CommandFailure("failed", `${file}: source: expected a file or a folder beside ${MANIFEST}`);
  }
  return { name, manifest, files: await readSource(resolve(folder, source), skip) };
}

async function readSource(source: string, skip: (path: string) => void): Promise<Files> {
  const found = await stat(source).catch(() => undefined);
  if (found === undefined)
    throw new CommandFailure("failed", `${source} does not exist; set source in ${MANIFEST}`);
  if (found.isDirectory()) return await readFolder(source, skip);
  return new Map([[basename(source), await readFile(join(dirname(source), basename(source)))]]);
}

function readYaml(text: string, file: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = load(text, { filename: file });
  } catch (error) {
    throw new CommandFailure("failed", (error as Error).message);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new CommandFailure("failed", `${file}: expected name, handler and triggers`);
}
