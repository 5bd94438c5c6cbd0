import { spawn } from "node:child_process";
import { once } from "node:events";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Run the tests of one of vitest's projects, with what was said on the command line, and end as they end.
 *
 * @param options for vitest, besides the project.
 */
export async function runProject(project: string, options: readonly string[] = []): Promise<void> {
  const vitest = spawn("vitest", ["run", "--project", project, ...options, ...process.argv.slice(2)], {
    cwd: ROOT,
    env: {
      ...process.env,
      PATH: [dirname(process.execPath), join(ROOT, "node_modules/.bin"), process.env.PATH].join(delimiter),
    },
    stdio: ["ignore", "inherit", "inherit"],
  });
  process.once("SIGTERM", (signal) => void vitest.kill(signal));
  const [code] = (await once(vitest, "exit")) as [number | null];
  process.exitCode = code ?? 1;
}
