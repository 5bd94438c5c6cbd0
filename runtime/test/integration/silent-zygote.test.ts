import { setTimeout as sleep } from "node:timers/promises";
import { createLog } from "@gaugelet/shared/log";
import { expect, onTestFinished, test } from "vitest";
import { pythonEnvironment } from "../../src/workers/launch/python-program.ts";
import { ZygoteLauncher } from "../../src/workers/launch/zygote-launcher.ts";
import type { Transport } from "../../src/workers/transport.ts";
import { kill, zygote } from "./functions.ts";
import { PYTHON } from "./harness.ts";

const SILENCE_SECONDS = 0.4;
const NO_LIMITS = { memory: null, cpu: null, openFiles: null, processes: null, disk: null };

/** Launches workers of no function, from a zygote that may be silent for a moment alone. */
function launch(): () => Promise<Transport> {
  const launcher = new ZygoteLauncher({ python: PYTHON }, [], createLog("silent"), SILENCE_SECONDS);
  onTestFinished(() => launcher.stop());
  return () =>
    launcher.launch(
      {
        directory: "/usr",
        readOnly: [],
        program: null,
        environment: pythonEnvironment({}),
        isolation: "process",
        network: false,
        limits: NO_LIMITS,
      },
      { maxFrameBytes: 1024, onFrame: () => {}, lines: { line: () => true, dropped: () => {} } },
    );
}

test("what workers are forked from, and says nothing when it is asked for one, is ended and started anew", async () => {
  const start = launch();
  const first = await start();
  const silent = (await zygote()) as number;
  kill(silent, "SIGSTOP");
  await expect(start()).rejects.toThrow(
    "was not started: the Python that it is forked from said nothing for 0.4 s and was ended",
  );
  expect((await first.ended).reason).toBe("ended with the process that it was forked from");
  const { pid } = await start();
  expect(pid).not.toBe(first.pid);
  expect(await zygote()).not.toBe(silent);
});

test("one that nothing is asked of may say nothing for as long as it likes", async () => {
  const start = launch();
  await start();
  const quiet = (await zygote()) as number;
  kill(quiet, "SIGSTOP");
  await sleep(SILENCE_SECONDS * 3000);
  kill(quiet, "SIGCONT");
  await start();
  expect(await zygote()).toBe(quiet);
});
