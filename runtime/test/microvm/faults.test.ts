import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readlink,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitFor } from "@gaugelet/testing/wait";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { IsolationError } from "../../src/workers/errors.ts";
import { MachineLauncher } from "../../src/workers/launch/machine/machine-launcher.ts";
import type { Call, Worker } from "../../src/workers/worker.ts";
import { childrenOf, PYTHON } from "../integration/harness.ts";
import { startMachineWorker } from "./machine-worker.ts";
import { DISK_OF_A_TEST, MACHINES_FOLDER, whyNoMachines } from "./machines.ts";

const MIB = 1024 ** 2;
const LIMITS = { memory: 64 * MIB, cpu: 20, openFiles: 64, processes: 16, disk: 16 * MIB };
const CODE = `
import os, socket, time
def handler(input, context):
    if input.get("wait"): time.sleep(60)
    if input.get("flood"):
        while True: os.write(3, bytes(100_000))
    if input.get("fill"): return {"n": len(bytearray(512 * 1024**2))}
    return {"name": socket.gethostname(), "random": os.urandom(8).hex(), "time": time.time()}
`;

let folder: string;
let messages: string[];
const launchers: MachineLauncher[] = [];
const cleanUps: string[] = [];

/** A launcher with saved machines of a folder, whose log is in `messages`. */
function launcherOf(machines: string, launchSeconds?: number): MachineLauncher {
  const log = pino({ level: "info" }, { write: (line: string) => void messages.push(line) });
  const launcher = new MachineLauncher({ folder: machines, python: PYTHON, preload: [] }, log, launchSeconds);
  launchers.push(launcher);
  return launcher;
}

const start = (launcher: MachineLauncher): Promise<Worker<Call>> =>
  startMachineWorker(launcher, join(folder, "function"), LIMITS);

/** Of machines, which bubblewrap starts. */
const runningMachines = (): Promise<number[]> => childrenOf(process.pid, "qemu-system");

/** How many memories of machines a process holds. */
async function memoriesOf(pid: number): Promise<number> {
  const names = await readdir(`/proc/${pid}/fd`);
  const files = await Promise.all(names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => "")));
  return files.filter((file) => file.startsWith("/memfd:machine")).length;
}

/** Send one call. @returns its output; undefined where the worker ended first. */
async function call(worker: Worker<Call>, event: object): Promise<Record<string, unknown> | undefined> {
  const answered = new Promise<Record<string, unknown>>((resolve) => {
    worker.listen({
      onResult: (_call, { output }) => resolve(output.length === 0 ? {} : JSON.parse(output.toString())),
      onSaved: () => {},
    });
  });
  worker.invoke(
    { body: Buffer.from(JSON.stringify(event)), headText: "", isList: false },
    0,
    Number.NaN,
    performance.now(),
  );
  return await Promise.race([answered, worker.ended.then(() => undefined)]);
}

describe.skipIf(whyNoMachines !== undefined)("faults of virtual machines", () => {
  /** A folder with a saved machine that no other tests use. */
  let own: string;

  /** A folder of machines, with none saved. */
  async function emptyFolder(): Promise<string> {
    const machines = await mkdtemp(join(tmpdir(), "gaugelet-machines-"));
    for (const name of ["kernel", "images"]) await symlink(join(MACHINES_FOLDER, name), join(machines, name));
    return machines;
  }

  beforeAll(async () => {
    messages = [];
    await mkdir(join(MACHINES_FOLDER, "images"), { recursive: true });
    own = await emptyFolder();
    await launcherOf(own).prepare(LIMITS);
    await stopAll();
  });
  beforeEach(async () => {
    messages = [];
    folder = await mkdtemp(join(tmpdir(), "gaugelet-machines-"));
    await mkdir(join(folder, "function"));
    await writeFile(join(folder, "function/usermodule.py"), CODE);
  });
  afterEach(async () => {
    await stopAll();
    for (const each of [folder, ...cleanUps.splice(0)]) await rm(each, { recursive: true, force: true });
  });
  afterAll(() => rm(own, { recursive: true, force: true }));

  async function stopAll(): Promise<void> {
    for (const launcher of launchers.splice(0)) await launcher.stop();
  }

  /** A folder of machines of its own, with what is saved copied. */
  async function copied(): Promise<string> {
    const machines = await emptyFolder();
    cleanUps.push(machines);
    await cp(join(own, "machines"), join(machines, "machines"), { recursive: true });
    return machines;
  }

  async function savedIn(machines: string): Promise<string[]> {
    const names = await readdir(join(machines, "machines"));
    return names
      .filter((name) => /^[0-9a-f]{32}$/.test(name))
      .map((name) => join(machines, "machines", name));
  }

  test("two machines that begin with the same memory differ in name and random numbers, and tell the time", async () => {
    const launcher = launcherOf(own);
    const [one, two] = [await start(launcher), await start(launcher)];
    const [first, second] = [await call(one, {}), await call(two, {})];
    expect(first?.name).not.toBe(second?.name);
    expect(first?.random).not.toBe(second?.random);
    expect(Math.abs(Number(second?.time) - Date.now() / 1000)).toBeLessThan(5);
    expect(one.machine).toMatchObject({ processors: 1, memorySizeBytes: 512 * MIB });
    expect(launcher.running.size).toBe(2);
    await one.stop();
    await two.stop();
    expect(launcher.running.size).toBe(0);
  });

  test("a QEMU that is killed ends its worker, and the call stays unanswered", async () => {
    const worker = await start(launcherOf(own));
    const answer = call(worker, { wait: true });
    process.kill(worker.pid as number, "SIGKILL");
    expect(await answer).toBeUndefined();
    expect((await worker.ended).reason).toMatch(
      /^ended: its virtual machine (was killed by SIGKILL|ended with code)/,
    );
    expect(worker.unanswered).toHaveLength(1);
  });

  test("one that hangs while it is restored is ended, and another one comes", async () => {
    const launcher = launcherOf(own, 3);
    const first = await start(launcher);
    await first.stop();
    const hanging = start(launcher);
    const running = await waitFor("a machine", () => [...launcher.running][0]);
    process.kill((await running.machine.qemuPid()) as number, "SIGSTOP");
    await expect(hanging).rejects.toThrow("was not started: its virtual machine was not up after 3 s");
    expect(launcher.running.size).toBe(0);
    await start(launcher);
  });

  test("a system that fails says why", async () => {
    const launcher = launcherOf(own);
    const worker = await start(launcher);
    const answer = call(worker, { wait: true });
    const [running] = launcher.running;
    // Its first program ends, which no system survives.
    running?.machine.stream("control").write(Buffer.alloc(64, 0xff));
    expect(await answer).toBeUndefined();
    expect((await worker.ended).reason).toMatch(/its virtual machine's system failed: Kernel panic/);
    expect(worker.unanswered).toHaveLength(1);
  });

  test("memory beyond the limit fails the call", async () => {
    const worker = await start(launcherOf(own));
    expect(await call(worker, { fill: true })).toEqual({});
    expect((await worker.ended).limit).toBe("memory");
  });

  test("a machine that floods its port is ended", async () => {
    const worker = await start(launcherOf(own));
    expect(await call(worker, { flood: true })).toBeUndefined();
    expect((await worker.ended).reason).toMatch(/something else than frames|not asked for/);
  });

  test.each([
    ["damaged", (saved: string) => writeFile(join(saved, "memory"), Buffer.alloc(100, 1), { flag: "r+" })],
    ["half-written", (saved: string) => truncate(join(saved, "memory"), 5_000_000)],
    ["without the state of its devices", (saved: string) => writeFile(join(saved, "state"), "")],
  ])("a saved machine that is %s is made anew", async (_what, harm) => {
    const machines = await copied();
    for (const saved of await savedIn(machines)) await harm(saved);
    const worker = await start(launcherOf(machines));
    expect(await call(worker, {})).toMatchObject({ random: expect.any(String) });
    expect(messages.join("")).toContain("a saved virtual machine is damaged and made anew");
    expect(messages.join("")).toContain("are restored from one that booted");
  });

  test("a saved machine that QEMU does not take is made anew, and what was read of it is let go", async () => {
    const machines = await copied();
    const state = Buffer.from("of another QEMU");
    const digest = createHash("sha256").update(state).digest("hex");
    for (const saved of await savedIn(machines)) {
      await writeFile(join(saved, "state"), state);
      await writeFile(join(saved, "machine.json"), JSON.stringify({ digest, preloaded: [] }));
    }
    const launcher = launcherOf(machines);
    await expect(start(launcher)).rejects.toThrow("load of migration failed");
    expect(await memoriesOf(process.pid)).toBe(0);
    await start(launcher);
    expect(messages.join("")).toContain("cannot be restored and is made anew");
    expect(await memoriesOf(process.pid)).toBe(1);
  });

  test("an image that somebody removed is made again for the next size", async () => {
    const machines = await mkdtemp(join(tmpdir(), "gaugelet-machines-"));
    cleanUps.push(machines);
    await symlink(join(MACHINES_FOLDER, "kernel"), join(machines, "kernel"));
    await cp(join(own, "machines"), join(machines, "machines"), { recursive: true });
    const launcher = launcherOf(machines);
    await launcher.prepare(LIMITS);
    const images = join(machines, "images");
    await rm(images, { recursive: true });
    const larger = { ...LIMITS, memory: 1024 * MIB };
    await expect(launcher.prepare(larger)).rejects.toThrow("ENOENT");
    const ended = expect(launcher.prepare(larger)).rejects.toThrow("the runtime stops");
    await waitFor("the image", async () => {
      const names = await readdir(images).catch(() => []);
      return names.some((name) => name.endsWith(".json"));
    });
    await launcher.stop();
    await ended;
  });

  test("without room to save it, a machine that booted serves", async () => {
    const machines = await copied();
    await rm(join(machines, "machines"), { recursive: true });
    // A file in the place of the folder: nothing can be written there, whoever tries.
    await writeFile(join(machines, "machines"), "");
    const worker = await start(launcherOf(machines));
    expect(await call(worker, {})).toMatchObject({ random: expect.any(String) });
    expect(messages.join("")).toContain("could not be saved");
  });

  test.skipIf(process.getuid?.() !== 0)(
    "where the disk is full, nothing of it stays, and it is saved when there is room",
    async () => {
      const machines = await emptyFolder();
      cleanUps.push(machines);
      const disk = join(machines, "machines");
      await mkdir(disk);
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=20m", DISK_OF_A_TEST, disk]);
      try {
        // What does not boot here need not be tried again.
        const notes = (await readdir(join(own, "machines"))).filter((name) => name.endsWith(".failed"));
        for (const note of notes) await cp(join(own, "machines", note), join(disk, note));
        const worker = await start(launcherOf(machines));
        expect(await call(worker, {})).toMatchObject({ random: expect.any(String) });
        expect(messages.join("")).toMatch(
          /could not be saved, so that the next start boots another: .*space/i,
        );
        expect(await readdir(disk)).toEqual(notes);
        execFileSync("mount", ["-o", "remount,size=400m", disk]);
        await start(launcherOf(machines));
        expect(await savedIn(machines)).toHaveLength(1);
        await stopAll();
      } finally {
        execFileSync("umount", [disk]);
      }
    },
  );

  test("a machine that boots to be saved is ended when the runtime stops, and nothing is noted of it", async () => {
    const machines = await emptyFolder();
    cleanUps.push(machines);
    const launcher = launcherOf(machines);
    const refused = expect(launcher.prepare(LIMITS)).rejects.toThrow("the runtime stops");
    await waitFor("QEMU", async () => (await runningMachines()).length === 1);
    await launcher.stop();
    await refused;
    expect(await runningMachines()).toEqual([]);
    expect(await readdir(join(machines, "machines")).catch(() => [])).toEqual([]);
  });

  test("what a process left that was ended while it saved a machine is removed with the next one", async () => {
    const machines = await copied();
    for (const saved of await savedIn(machines)) await writeFile(join(saved, "state"), "");
    const left = join(machines, "machines/saving-abc123");
    const fresh = join(machines, "machines/saving-def456");
    for (const each of [left, fresh]) await mkdir(each);
    await writeFile(join(left, "memory"), "half of it");
    const yesterday = Date.now() / 1000 - 86_400;
    await utimes(left, yesterday, yesterday);
    await start(launcherOf(machines));
    expect((await readdir(join(machines, "machines"))).filter((name) => name.startsWith("saving-"))).toEqual([
      "saving-def456",
    ]);
  });

  test("twenty at once are restored", async () => {
    const launcher = launcherOf(own);
    const workers = await Promise.all(Array.from({ length: 20 }, () => start(launcher)));
    const answers = await Promise.all(workers.map((worker) => call(worker, {})));
    expect(new Set(answers.map((answer) => answer?.random)).size).toBe(20);
  });

  test("where something is missing it is said what, and how to get it", async () => {
    const path = process.env.PATH;
    process.env.PATH = join(folder, "nowhere");
    try {
      const refused = start(launcherOf(own));
      await expect(refused).rejects.toThrow(IsolationError);
      await expect(refused).rejects.toThrow(/QEMU .* is not installed; .*apt-get install qemu-system-x86/);
    } finally {
      process.env.PATH = path;
    }
  });
});
