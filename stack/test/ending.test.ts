import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { freePort } from "@gaugelet/testing/ports";
import { waitFor } from "@gaugelet/testing/wait";
import { expect, onTestFinished, test } from "vitest";
import { isAlive, readEvents, readPid, temporaryFolder } from "./support.ts";

interface RunningSupervisor {
  readonly process: ChildProcess;
  readonly folder: string;
  readonly lines: string[];
  readonly parts: readonly number[];
}

/** A supervisor in a process of its own, with two parts that answer. */
async function startSupervisor(environment: NodeJS.ProcessEnv = {}): Promise<RunningSupervisor> {
  const folder = await temporaryFolder();
  const script = fileURLToPath(new URL("./fixtures/supervisor.ts", import.meta.url));
  const ports = [await freePort(), await freePort()].map(String);
  const child = spawn(process.execPath, [script, folder, ...ports], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...environment },
  });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  await waitFor("the supervisor is ready", () => lines.includes("ready"));
  const parts = ["part0 started", "part1 started"].map((event) => readPid(join(folder, "journal"), event));
  onTestFinished(() => {
    for (const pid of [child.pid as number, ...parts]) if (isAlive(pid)) process.kill(pid, "SIGKILL");
  });
  return { process: child, folder, lines, parts };
}

const hasParentDeathSignal = ((): boolean => {
  try {
    execFileSync("setpriv", ["--pdeathsig", "TERM", "--", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

// Elsewhere the system offers nothing of the kind.
test.skipIf(!hasParentDeathSignal)("a supervisor that is killed leaves no part behind", async () => {
  const supervisor = await startSupervisor();
  supervisor.process.kill("SIGKILL");
  await waitFor("the parts are gone", () => !supervisor.parts.some(isAlive));
  expect(await readEvents(join(supervisor.folder, "journal"))).toContain("part0 asked to stop");
});

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("%s ends the parts in reverse order", async (signal) => {
  const supervisor = await startSupervisor();
  const exit = once(supervisor.process, "exit");
  supervisor.process.kill(signal);
  expect(await exit).toEqual([0, null]);
  expect((await readEvents(join(supervisor.folder, "journal"))).slice(2)).toEqual([
    "part1 asked to stop",
    "part0 asked to stop",
  ]);
});

test("when its launcher is gone the supervisor ends", async () => {
  const launcher = spawn("sleep", ["1000"], { stdio: "ignore" });
  const supervisor = await startSupervisor({ GAUGELET_LAUNCHER_PID: String(launcher.pid) });
  const exit = once(supervisor.process, "exit");
  launcher.kill("SIGKILL");
  expect(await exit).toEqual([0, null]);
  expect(supervisor.parts.some(isAlive)).toBe(false);
});

test("a second SIGINT kills at once, but the echo of the first does not", async () => {
  const supervisor = await startSupervisor({ TRAITS: "stubborn" });
  const exit = once(supervisor.process, "exit");
  supervisor.process.kill("SIGINT");
  supervisor.process.kill("SIGINT");
  await waitFor("the stop began", () => supervisor.lines.includes("stopping"));
  expect(supervisor.parts.every(isAlive)).toBe(true);
  // Repeated as a person would: the first of these may still count as an echo.
  const again = setInterval(() => supervisor.process.kill("SIGINT"), 200);
  await exit;
  clearInterval(again);
  expect(supervisor.parts.some(isAlive)).toBe(false);
  // Both at the same time: neither was waited for.
  expect(supervisor.lines.filter((line) => line.includes("was killed"))).toEqual([]);
});
