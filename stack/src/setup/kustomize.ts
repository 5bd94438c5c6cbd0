import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { Problem } from "../problem.ts";
import { TOOLS_FOLDER } from "../root.ts";
import { progressOf, type SetupContext } from "./context.ts";
import { findCommand } from "./find-command.ts";
import { runTool } from "./run-tool.ts";

const VERSION = "v5.7.1";
const OWN = join(TOOLS_FOLDER, "bin", "kustomize");

/** How a folder is built: the command and its first arguments; the folder follows. */
export function kustomizeCommand(): readonly string[] {
  const kustomize = findCommand("kustomize") ?? (existsSync(OWN) ? OWN : undefined);
  if (kustomize !== undefined) return [kustomize, "build"];
  return ["kubectl", "kustomize"];
}

/**
 * Make sure that Kustomize is there: by itself, in kubectl, or, where Go is there, built once.
 *
 * @throws Problem that says what to install.
 */
export async function setupKustomize(context: SetupContext = {}): Promise<void> {
  const [command = "", ...args] = kustomizeCommand();
  const works = await promisify(execFile)(command, [...args, "--help"]).then(
    () => true,
    () => false,
  );
  if (works) return;
  const go = findCommand("go");
  if (go === undefined) {
    throw new Problem(
      "neither kustomize nor kubectl is on the PATH, and no Go to build it with. Install one of them, then run the command again:\n" +
        "    https://kubectl.docs.kubernetes.io/installation/kustomize/",
    );
  }
  await mkdir(join(TOOLS_FOLDER, "bin"), { recursive: true });
  await progressOf(context).step("build Kustomize for the tests", (step) =>
    runTool({
      command: go,
      args: ["install", `sigs.k8s.io/kustomize/kustomize/v5@${VERSION}`],
      env: { ...process.env, GOBIN: join(TOOLS_FOLDER, "bin") },
      log: "kustomize",
      step,
      signal: context.signal,
    }),
  );
}
