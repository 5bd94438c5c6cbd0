// npm run test:cluster: deploys on the cluster that kubectl points at, kills what it has deployed, counts events, and
// takes it away again. The images have to be there: `npm run images`. KUBECTL names another kubectl.
import { setupKustomize } from "../stack/src/setup/kustomize.ts";
import { runProject } from "./vitest-project.ts";

await setupKustomize();
// One after the other: they deploy in one namespace.
await runProject("cluster", ["--no-file-parallelism"]);
