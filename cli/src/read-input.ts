import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import type { World } from "./context.ts";
import { CommandFailure } from "./failure.ts";

/**
 * JSON that an argument, a file or the standard input says, as it is written: no digit of it is lost.
 *
 * @param argument `-` is the standard input, which is read as well where nothing is said and no person sits there.
 * @throws CommandFailure where it is no JSON.
 */
export async function readInput(
  world: World,
  argument: string | undefined,
  file: string | undefined,
): Promise<string> {
  if (argument !== undefined && argument !== "-" && file !== undefined) {
    throw new CommandFailure("usage", "say the input as an argument or with --file, not both");
  }
  const [json, place] =
    file !== undefined
      ? [await readFileText(resolve(world.folder, file), file), file]
      : argument !== undefined && argument !== "-"
        ? [argument, "the argument"]
        : argument === "-" || world.input.isTTY !== true
          ? [await text(world.input), "the standard input"]
          : ["{}", ""];
  if (json.trim() === "" && argument === undefined && file === undefined) return "{}";
  checkJson(json, place);
  return json;
}

/** @throws CommandFailure that names the place. */
export function checkJson(json: string, place: string): void {
  try {
    JSON.parse(json);
  } catch (error) {
    throw new CommandFailure("usage", `${place}: expected JSON: ${(error as Error).message}`);
  }
}

async function readFileText(path: string, name: string): Promise<string> {
  return await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new CommandFailure("usage", `${name} cannot be read: ${error.message}`);
  });
}
