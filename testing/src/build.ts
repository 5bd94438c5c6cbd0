import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/**
 * Make the JavaScript that container images run, in `dist` of each workspace: what strips the types at each start takes
 * memory.
 */
export async function buildWorkspaces(...workspaces: readonly string[]): Promise<void> {
  for (const workspace of workspaces) {
    const dist = join(ROOT, workspace, "dist");
    await rm(dist, { recursive: true, force: true });
    const options = ["-p", `${workspace}/tsconfig.build.json`];
    const compiler = spawn(join(ROOT, "node_modules/.bin/tsc"), options, { cwd: ROOT, stdio: "inherit" });
    const [code] = await once(compiler, "exit");
    if (code !== 0) throw new Error(`${workspace} cannot be built (exit code ${code})`);
    // What is no source, such as a price list, lies beside what reads it.
    const filter = (path: string): boolean => !path.endsWith(".ts");
    await cp(join(ROOT, workspace, "src"), dist, { recursive: true, filter });
  }
}
