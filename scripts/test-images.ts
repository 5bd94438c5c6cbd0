// npm run test:images: builds the images with buildah, podman or docker, whichever is there, twice, and runs them.
// NODE_IMAGE and PYTHON_IMAGE name other images to make them from, GAUGELET_BUILD_ARGUMENT further arguments of the
// builder with spaces between, such as --network=host.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { setupServices } from "../stack/src/setup/programs.ts";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

await setupServices();
const vitest = spawn("vitest", ["run", "--project", "images", ...process.argv.slice(2)], {
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
