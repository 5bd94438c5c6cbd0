import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Make the JavaScript that the container image runs: what strips the types at each start takes memory. */
export async function buildExporter(): Promise<void> {
  for (const workspace of ["shared", "exporter"]) {
    await rm(`${ROOT}${workspace}/dist`, { recursive: true, force: true });
    const program = `${ROOT}node_modules/.bin/tsc`;
    const options = ["-p", `${workspace}/tsconfig.build.json`];
    const [code] = await once(spawn(program, options, { cwd: ROOT, stdio: "inherit" }), "exit");
    if (code !== 0) throw new Error(`${workspace} cannot be built (exit code ${code})`);
  }
  const rules = "mapping/default-rules.yaml";
  await cp(`${ROOT}exporter/src/${rules}`, `${ROOT}exporter/dist/${rules}`);
}
