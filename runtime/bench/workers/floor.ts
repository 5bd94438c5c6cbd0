import { join } from "node:path";
import { Contender } from "./contender.ts";

/** The folder of the one handler that everything here calls. */
export const HANDLER_FOLDER = join(import.meta.dirname, "reference");

/** Start the floor: a bare Node program that forwards raw bytes to one bare Python loop. */
export async function startFloor(python: string): Promise<Contender> {
  const program = new URL("floor/forward.mjs", import.meta.url);
  return await Contender.start(program, { GAUGELET_PYTHON: python, HANDLER_FOLDER });
}
