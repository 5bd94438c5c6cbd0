// npm run test:microvm: what hostile functions come to in virtual machines. Takes some five minutes where a processor
// is imitated. `npm run test:microvm -- values` runs the files whose name contains "values".
import { setupMachines } from "../stack/src/setup/machines.ts";
import { setupServices } from "../stack/src/setup/programs.ts";
import { setupPython } from "../stack/src/setup/python.ts";
import { runProject } from "./vitest-project.ts";

await setupServices();
await setupMachines();
await setupPython({ dev: true });
await runProject("microvm");
