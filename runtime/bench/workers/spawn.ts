import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { referenceEvents } from "./reference/events.ts";

/** The function with numpy and pandas. */
export const SCIENTIFIC_FOLDER = join(import.meta.dirname, "scientific");

/**
 * The plain way to a new worker: spawn a Python with the bare loop, which imports the handler and with it
 * numpy and pandas, and wait for its first answer.
 *
 * @returns milliseconds.
 */
export async function timeSpawn(python: string): Promise<number> {
  const [event] = await referenceEvents();
  if (event === undefined) throw new Error("there are no events");
  const started = performance.now();
  const child = spawn(python, [join(import.meta.dirname, "floor/loop.py"), SCIENTIFIC_FOLDER], {
    stdio: ["ignore", "inherit", "inherit", "pipe"],
  });
  const exit = once(child, "exit");
  const pipe = child.stdio[3] as Duplex;
  const length = Buffer.alloc(4);
  length.writeUInt32BE(event.length);
  pipe.write(Buffer.concat([length, event]));
  const [answer] = await Promise.race([
    once(pipe, "data"),
    exit.then(([code]: (number | null)[]) => {
      throw new Error(`the spawned Python ended with exit code ${code}`);
    }),
  ]);
  const milliseconds = performance.now() - started;
  if (!(answer instanceof Buffer) || answer.length < 50)
    throw new Error("the spawned Python answered nothing");
  pipe.end();
  await exit;
  return milliseconds;
}
