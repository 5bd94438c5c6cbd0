import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { waitFor } from "@gaugelet/testing/wait";
import { expect, test } from "vitest";
import { startFunctions } from "../integration/functions.ts";
import { childrenOf, PYTHON, useRuntime } from "../integration/harness.ts";
import { MACHINES_FOLDER, whyNoMachines } from "./machines.ts";

const runtime = useRuntime();

const HOLD_LOCK = `import fcntl, sys, time
lock = open(sys.argv[1], "w")
fcntl.flock(lock, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(3600)`;

test.skipIf(whyNoMachines !== undefined)(
  "a runtime whose function waits for the image of machines, which another one makes, ends when it is to",
  async () => {
    const machines = join(runtime.folder, "machines");
    await mkdir(join(machines, "images"), { recursive: true });
    await symlink(join(MACHINES_FOLDER, "kernel"), join(machines, "kernel"));
    const other = spawn(PYTHON, ["-c", HOLD_LOCK, join(machines, "images/lock")]);
    try {
      await once(other.stdout, "data");
      const started = await startFunctions(
        runtime,
        [{ name: "waits", code: "def handler(input, context): pass", isolation: "microvm" }],
        { GAUGELET_MICROVM_DIR: machines },
      );
      const builders = (): Promise<number[]> => childrenOf(process.pid, "\0image\0");
      await waitFor("what builds the image", async () => (await builders()).length === 1);
      await started.stop();
      expect(await builders()).toEqual([]);
    } finally {
      other.kill("SIGKILL");
    }
  },
  60_000,
);
