import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { MachineMemory } from "../../src/workers/launch/machine/memory.ts";
import { Monitor } from "../../src/workers/launch/machine/monitor.ts";
import { keepMachine } from "../../src/workers/launch/machine/saved-folder.ts";
import { packFiles } from "../../src/workers/launch/machine/send-files.ts";
import { reserveUserId } from "../../src/workers/launch/machine/user-ids.ts";
import { PYTHON } from "../integration/harness.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gaugelet-machine-parts-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("a monitor whose machine is gone answers that, and not never", async () => {
  const stream = new PassThrough();
  const monitor = new Monitor(stream);
  await once(stream.destroy(), "close");
  await expect(monitor.ask("query-migrate")).rejects.toThrow("it ended");
});

test("a file that is too large for a machine is refused before it is read", async () => {
  await writeFile(join(folder, "large"), "");
  // More than can be read at once.
  await truncate(join(folder, "large"), 3 * 1024 ** 3);
  await expect(packFiles([folder])).rejects.toThrow("the function's files are larger than 512Mi");
});

test.skipIf(process.getuid?.() !== 0)("where all user ids are taken, a machine is not root's", async () => {
  await expect(reserveUserId(async () => undefined)).rejects.toThrow(
    "no user id is free for a virtual machine",
  );
});

test("what was left behind is removed though nothing can be saved", async () => {
  const machines = join(folder, "machines");
  await mkdir(join(machines, "saving-abc123"), { recursive: true });
  await writeFile(join(machines, "saving-abc123/memory"), "half of it");
  await writeFile(join(machines, `${"0".repeat(32)}.failed`), "it was not ready after 20 s");
  await mkdir(join(machines, "saving-def456"));
  await writeFile(join(machines, `${"1".repeat(32)}.failed`), "it was not ready after 20 s");
  const before = Date.now() / 1000 - 2 * 86_400;
  for (const name of ["saving-abc123", `${"0".repeat(32)}.failed`]) {
    await utimes(join(machines, name), before, before);
  }
  const memory = await MachineMemory.create(PYTHON, 4096);
  await memory.close();
  const kept = { memory, state: Buffer.alloc(0), preloaded: [] };
  await expect(keepMachine(join(machines, "2".repeat(32)), kept)).rejects.toThrow();
  expect((await readdir(machines)).toSorted()).toEqual([`${"1".repeat(32)}.failed`, "saving-def456"]);
});

test("without files to open, a machine says that it could not be started", () => {
  const module = fileURLToPath(new URL("../../src/workers/launch/machine/machine.ts", import.meta.url));
  const code = `
    import { openSync } from "node:fs";
    import { Machine } from ${JSON.stringify(module)};
    try { for (;;) openSync("/dev/null", "r"); } catch {}
    const needs = { qemu: "/bin/true", bubblewrap: "/bin/true", kernel: "/", kernelFile: "/" };
    const size = { memoryBytes: 2 ** 28, processors: 1 };
    try { new Machine({ needs, size, accelerator: "tcg", purpose: { kind: "restore" }, files: {} }); }
    catch (error) { process.stdout.write(error.message); }`;
  const said = execFileSync(
    "sh",
    ["-c", 'ulimit -n 200 && exec "$@"', "sh", process.execPath, "--input-type=module", "-e", code],
    { encoding: "utf8" },
  );
  expect(said).toBe("QEMU could not be started: too many open files");
});
