// npm run test:faults: what events come to where servers are killed, disks full and networks cut. Takes up to half an
// hour, and needs root for the network and the clock. `npm run test:faults -- network` runs the files whose name
// contains "network".
import { setupKafka } from "../stack/src/setup/kafka.ts";
import { setupFaults, setupServices } from "../stack/src/setup/programs.ts";
import { setupPython } from "../stack/src/setup/python.ts";
import { runProject } from "./vitest-project.ts";

await setupServices();
await setupFaults();
await setupKafka();
await setupPython({ dev: true });
// One file at a time: each has several servers, and some tell how long something took.
await runProject("faults", ["--no-file-parallelism"]);
