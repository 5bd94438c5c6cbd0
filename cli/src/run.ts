import { CommanderError } from "commander";
import type { World } from "./context.ts";
import { CommandFailure, EXIT_CODES } from "./failure.ts";
import { printable } from "./output.ts";
import { gaugeletProgram } from "./program.ts";

/** Run a command line. @returns what the process is to end with */
export async function run(args: readonly string[], world: World): Promise<number> {
  const isJson = asksForJson(args);
  const { program, context } = gaugeletProgram(world, isJson);
  try {
    await program.parseAsync(args, { from: "user" });
    return context.exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT_CODES.ok;
    const { message, exitCode, problem } = failureOf(error);
    if (isJson) {
      world.out.write(`${JSON.stringify({ error: message, exitCode, ...(problem && { problem }) })}\n`);
    }
    // It has said by itself what is wrong.
    else if (!(error instanceof CommanderError)) world.error.write(`${printable(message)}\n`);
    return exitCode;
  }
}

/** As it is read at last: where the arguments are wrong, reading them may end before `--json`. */
function asksForJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end < 0 ? undefined : end).includes("--json");
}

function failureOf(error: unknown): CommandFailure {
  if (error instanceof CommandFailure) return error;
  if (!(error instanceof CommanderError)) {
    return new CommandFailure("failed", `that failed in a way nobody foresaw: ${(error as Error).message}`);
  }
  const isHelp = error.code === "commander.help";
  return new CommandFailure(
    "usage",
    isHelp ? "expected a command; gaugelet --help lists them" : error.message.replace(/^error: /, ""),
  );
}
