// npm run test:faults: what events come to where servers are killed, disks full and networks cut. Takes up to half an
// hour, and needs root for the network and the clock. `npm run test:faults -- network` runs the files whose name
// contains "network".
import { spawn } from "node:child_process";
import { once } from "node:events";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { setupKafka } from "../stack/src/setup/kafka.ts";
import { setupFaults, setupServices } from "../stack/src/setup/programs.ts";
import { setupPython } from "../stack/src/setup/python.ts";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

await setupServices();
await setupFaults();
await setupKafka();
await setupPython({ dev: true });
// One file at a time: each has several servers, and some tell how long something took.
const options = ["run", "--project", "faults", "--no-file-parallelism"];
const vitest = spawn("vitest", [...options, ...process.argv.slice(2)], {
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
