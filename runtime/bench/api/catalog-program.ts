// A runtime that says on its standard output how large its heap is once its API answers, in bytes.
import { setTimeout as sleep } from "node:timers/promises";
import { createLog } from "@gaugelet/shared/log";
import { garbageCollector } from "@gaugelet/testing/garbage";
import { startRuntime } from "../../src/app.ts";
import { readConfiguration } from "../../src/configuration/environment.ts";

const runtime = await startRuntime(await readConfiguration(process.env), createLog("error"));
while (!(await fetch(`http://127.0.0.1:${runtime.ports.status}/api/v1/openapi.json`)).ok) await sleep(10);
const collectGarbage = garbageCollector();
// What the start left behind is let go of over some rounds.
for (let round = 0; round < 5; round += 1) {
  await sleep(200);
  collectGarbage();
}
process.stdout.write(`${process.memoryUsage().heapUsed}\n`);
process.once("SIGTERM", () => void runtime.stop().then(() => process.exit(0)));
