import { CommanderError } from "commander";
import type { World } from "./context.ts";
import { CommandFailure, EXIT_CODES } from "./failure.ts";
import { printable } from "./output.ts";
import { gaugeletProgram } from "./program.ts";

/** Run a command line. @returns what the process is to end with */
export async function run(args: readonly string[], world: World): Promise<number> {
  const { program, context } = gaugeletProgram(world);
  try {
    await program.parseAsync(args, { from: "user" });
    return context.exitCode;
  } catch (error) {
    // It has said by itself what is wrong.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODES.ok : EXIT_CODES.usage;
    const failure =
      error instanceof CommandFailure
        ? error
        : new CommandFailure("failed", `that failed in a way nobody foresaw: ${(error as Error).message}`);
    const { message, exitCode, problem } = failure;
    if (program.opts<{ json?: boolean }>().json) {
      world.out.write(`${JSON.stringify({ error: message, exitCode, ...(problem && { problem }) })}\n`);
    } else world.error.write(`${printable(message)}\n`);
    return exitCode;
  }
}
