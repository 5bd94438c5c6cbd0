import { pino } from "pino";
import { beforeAll } from "vitest";
import { USUAL_MODULES } from "../../src/configuration/usual-modules.ts";
import { MachineLauncher } from "../../src/workers/launch/machine/machine-launcher.ts";
import { PYTHON } from "../integration/harness.ts";
import { MACHINES_FOLDER, whyNoMachines } from "../microvm/machines.ts";
import type { CORPUS } from "./corpus.ts";
import { isRoot } from "./position.ts";
import { LIMITS } from "./stage.ts";
import { describeHostility } from "./suite.ts";

const MIB = 1024 ** 2;

/** What the first function would wait for otherwise. */
function prepareMachine(): void {
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
}

/** Run a part of the corpus at level microvm: there is one runtime for each part, so that they run side by side. */
export function describeInMachines(areas: readonly (keyof typeof CORPUS)[]): void {
  const position = { level: "microvm", runtime: isRoot ? "root" : "ordinary" } as const;
  prepareMachine();
  describeHostility("at level microvm", position, whyNoMachines === undefined, areas);
}
