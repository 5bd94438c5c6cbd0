import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { createLog } from "@gaugelet/shared/log";
import { waitFor } from "@gaugelet/testing/wait";
import { expect, onTestFinished, test } from "vitest";
import { pythonEnvironment } from "../../src/workers/launch/python-program.ts";
import { ZygoteLauncher } from "../../src/workers/launch/zygote-launcher.ts";
import type { Transport } from "../../src/workers/transport.ts";
import { kill, zygote } from "./functions.ts";
import { PYTHON } from "./harness.ts";

const SILENCE_SECONDS = 0.4;
const PATIENCE_SECONDS = 30;
const NO_LIMITS = { memory: null, cpu: null, openFiles: null, processes: null, disk: null };

/** Launches workers of no function, from a zygote that may be silent for so long alone. */
function launch(silenceSeconds: number, program: readonly string[] | null = null, lines: string[] = []) {
  const launcher = new ZygoteLauncher({ python: PYTHON }, [], createLog("silent"), silenceSeconds);
  onTestFinished(() => launcher.stop());
  return (): Promise<Transport> =>
    launcher.launch(
      {
        directory: "/usr",
        readOnly: [],
        program,
        environment: pythonEnvironment({}),
        isolation: "process",
        network: false,
        limits: NO_LIMITS,
      },
      {
        maxFrameBytes: 1024,
        onFrame: () => {},
        lines: { line: ({ text }) => lines.push(text) > 0, dropped: () => {} },
      },
    );
}

test("what workers are forked from, and says nothing when it is asked for one, is ended and started anew", async () => {
  const start = launch(SILENCE_SECONDS);
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
  const start = launch(SILENCE_SECONDS);
  await start();
  const quiet = (await zygote()) as number;
  kill(quiet, "SIGSTOP");
  await sleep(SILENCE_SECONDS * 3000);
  kill(quiet, "SIGCONT");
  await start();
  expect(await zygote()).toBe(quiet);
});

test("a program that ends at once, perhaps before the runtime has its pipes, ends like any other", async () => {
  const lines: string[] = [];
  const start = launch(
    PATIENCE_SECONDS,
    ["/bin/sh", "-c", "echo out; echo error > /dev/stderr; exit 3"],
    lines,
  );
  for (let times = 1; times <= 30; times += 1) {
    const { ended } = await start();
    expect((await ended).reason).toContain("exit code 3");
    await waitFor("what it wrote", () => lines.length === 2 * times);
  }
  expect(new Set(lines)).toEqual(new Set(["out", "error"]));
});

test("a runtime that can open no more files says so, and keeps none of the pipes", async () => {
  const start = launch(PATIENCE_SECONDS);
  const first = await start();
  const before = readdirSync("/proc/self/fd").length;
  const least = String(before + 2);
  // It is raised by who is started before: to start another one takes files, too.
  const raising = `sleep 1; exec prlimit --pid ${process.pid} --nofile=${openFiles()}:`;
  const raised = spawn("/bin/sh", ["-c", raising], { stdio: "ignore" });
  execFileSync("prlimit", ["--pid", String(process.pid), `--nofile=${least}:`]);
  await expect(start()).rejects.toThrow(
    /was not started: the runtime cannot open its pipes: EMFILE.*; raise the runtime's limit of open files/,
  );
  await once(raised, "exit");
  expect(readdirSync("/proc/self/fd").length).toBe(before);
  first.kill({ reason: "over", limit: undefined });
  await first.ended;
  await start();
});

/** How many files this process may have open. */
function openFiles(): string {
  const told = execFileSync("prlimit", [
    "--pid",
    String(process.pid),
    "--nofile",
    "-o",
    "SOFT",
    "--noheadings",
  ]);
  return told.toString().trim();
}
