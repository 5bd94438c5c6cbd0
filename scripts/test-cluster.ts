// npm run test:cluster: deploys on the cluster that kubectl points at, kills what it has deployed, counts events, and
// takes it away again. The images have to be there: `npm run images`. KUBECTL names another kubectl.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { setupKustomize } from "../stack/src/setup/kustomize.ts";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

await setupKustomize();
const vitest = spawn("vitest", ["run", "--project", "cluster", ...process.argv.slice(2)], {
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
