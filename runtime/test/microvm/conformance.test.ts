import { pino } from "pino";
import { afterAll, afterEach, beforeAll, describe, test } from "vitest";
import { MachineLauncher } from "../../src/workers/launch/machine/machine-launcher.ts";
import { AREAS } from "../conformance/areas.ts";
import { begin } from "../conformance/begin.ts";
import type { StartWorker } from "../conformance/worker-under-test.ts";
import { PYTHON } from "../integration/harness.ts";
import { MachineProcess } from "./machine-process.ts";
import { MACHINES_FOLDER, whyNoMachines } from "./machines.ts";

const PRELOAD = ["numpy", "pandas"];
const launcher = new MachineLauncher(
  { folder: MACHINES_FOLDER, python: PYTHON, preload: PRELOAD },
  pino({ level: "warn" }),
);
const start: StartWorker = (_program, folder, environment) =>
  new MachineProcess(launcher, folder, environment);

// The first one may have to be booted.
beforeAll(async () => {
  if (whyNoMachines === undefined) await launcher.prepare({ memory: null, disk: null });
});
const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0).reverse()) cleanUp();
});
afterAll(() => launcher.stop());

// What machines run is Python; JavaScript is refused.
const areas = Object.entries(AREAS).map(
  ([area, cases]) =>
    [
      area,
      cases.flatMap((each) => {
        const source = each.handler.python;
        return source === undefined || each.notInMachines !== undefined
          ? []
          : [[each.name, { each, source }] as const];
      }),
    ] as const,
);

describe.skipIf(whyNoMachines !== undefined).each(areas)("in a virtual machine: %s", (_area, cases) => {
  test.each(cases)("%s", async (_name, { each, source }) => {
    const subject = begin(each, "python", source, cleanUps, start);
    if (each.isLoaded !== false) {
      await subject.worker.load("loaded");
      await subject.worker.restore();
    }
    await each.run(subject);
  });
});
