import { pino } from "pino";
import { beforeAll } from "vitest";
import { USUAL_MODULES } from "../../src/configuration/usual-modules.ts";
import { MachineLauncher } from "../../src/workers/launch/machine/machine-launcher.ts";
import { PYTHON } from "../integration/harness.ts";
import { MACHINES_FOLDER, whyNoMachines } from "../microvm/machines.ts";
import { isRoot } from "./position.ts";
import { LIMITS } from "./stage.ts";
import { describeHostility } from "./suite.ts";

const MIB = 1024 ** 2;

// What the first function would wait for otherwise.
beforeAll(async () => {
  if (whyNoMachines !== undefined) return;
  const settings = { folder: MACHINES_FOLDER, python: PYTHON, preload: USUAL_MODULES };
  const launcher = new MachineLauncher(settings, pino({ level: "warn" }));
  await launcher.prepare({
    memory: Number.parseInt(LIMITS.memory, 10) * MIB,
    disk: Number.parseInt(LIMITS.disk, 10) * MIB,
  });
  await launcher.stop();
});

describeHostility(
  "at level microvm",
  { level: "microvm", runtime: isRoot ? "root" : "ordinary" },
  whyNoMachines === undefined,
);
