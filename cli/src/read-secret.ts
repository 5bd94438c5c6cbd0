import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import type { World } from "./context.ts";

/**
 * The first line of the standard input. What is typed is shown to nobody.
 *
 * @param prompt where somebody sits there.
 */
export async function readHiddenLine({ input, error }: World, prompt: string): Promise<string> {
  const isTyped = input.isTTY === true;
  if (isTyped) error.write(prompt);
  // On a terminal readline shows what is typed by itself, and here to nobody.
  const unseen = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({
    input,
    ...(isTyped && { output: unseen, terminal: true, historySize: 0 }),
  });
  try {
    for await (const line of lines) return line;
    return "";
  } finally {
    lines.close();
    if (isTyped) error.write("\n");
  }
}

/** All of the standard input, without the end of its last line; of a terminal its first line. */
export async function readHiddenText(world: World, prompt: string): Promise<string> {
  if (world.input.isTTY === true) return await readHiddenLine(world, prompt);
  return (await text(world.input)).replace(/\r?\n$/, "");
}
