import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { Problem } from "../problem.ts";

/** kubectl, and what goes before its arguments: `KUBECTL="cluster.sh k"` is fine as well. */
const [PROGRAM = "kubectl", ...FIRST] = (process.env.KUBECTL ?? "kubectl").split(" ");

/**
 * Run kubectl in the present context.
 *
 * @param input for its standard input.
 * @returns what it said on standard output.
 * @throws Problem with what it said on standard error.
 */
export async function kubectl(args: readonly string[], input = ""): Promise<string> {
  const child = spawn(PROGRAM, [...FIRST, ...args], { stdio: ["pipe", "pipe", "pipe"] });
  const closed = once(child, "close").catch((error: Error) => {
    throw new Problem(`${PROGRAM} cannot be run: ${error.message}`);
  });
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  if (child.exitCode !== 0) throw new Problem(`kubectl ${args.join(" ")}: ${errors.trim() || output.trim()}`);
  return output;
}
