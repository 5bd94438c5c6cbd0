import { execFileSync, spawnSync } from "node:child_process";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { claimStateFolder } from "../src/state-folder.ts";
import { temporaryFolder } from "./support.ts";

test("the folder is made, and holds nothing but the lock", async () => {
  const folder = join(await temporaryFolder(), "a", "b");
  const lock = await claimStateFolder(folder);
  expect(await readdir(folder)).toEqual(["lock"]);
  await lock.release();
  expect(await readdir(folder)).toEqual([]);
});

test("a folder that is in use is refused with the process that uses it", async () => {
  const folder = await temporaryFolder();
  await claimStateFolder(folder);
  await expect(claimStateFolder(folder)).rejects.toThrow(
    `already running with the data in ${folder} (process ${process.pid}); end it with kill ${process.pid}`,
  );
});

test("a file in the place of the folder is refused", async () => {
  const file = join(await temporaryFolder(), "file");
  await writeFile(file, "");
  await expect(claimStateFolder(file)).rejects.toThrow(
    `the data folder ${file} cannot be used (GAUGELET_STATE_DIR sets it): ${file}: there is a file where a folder is needed`,
  );
  await expect(claimStateFolder(join(file, "folder"))).rejects.toThrow("cannot be used (GAUGELET_STATE_DIR");
});

// In a process of its own, which can be ended: what tries for ever does so where no timer of this one would tell.
test.skipIf(process.platform !== "linux")("a place where no folder can be made is refused", () => {
  const script = fileURLToPath(new URL("./fixtures/claim.ts", import.meta.url));
  const { stdout } = spawnSync(process.execPath, [script, "/proc/none/state"], {
    encoding: "utf8",
    timeout: 30_000,
    killSignal: "SIGKILL",
  });
  expect(stdout).toMatch(/the data folder \/proc\/none\/state cannot be used .*ENOENT.*'\/proc\/none'\n$/);
});

const mayMount = ((): boolean => {
  try {
    execFileSync("unshare", ["--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

/** What the program says that claims a folder on a file system of its own. */
function claimOn(mountOptions: string, folder: string): string {
  const script = fileURLToPath(new URL("./fixtures/claim.ts", import.meta.url));
  const command = `mount -t tmpfs -o ${mountOptions} tmpfs "$1" && exec "$2" "$3" "$1"`;
  const { stdout } = spawnSync(
    "unshare",
    ["--mount", "sh", "-c", command, "sh", folder, process.execPath, script],
    { encoding: "utf8" },
  );
  return stdout.trim();
}

// Needs the right to mount a file system.
test.skipIf(!mayMount)("a full disk is said to be one", async () => {
  const folder = await temporaryFolder();
  expect(claimOn("size=64k", folder)).toBe(
    `Problem: the data folder ${folder} cannot be used (GAUGELET_STATE_DIR sets it): the disk is full; free some space (ENOSPC: no space left on device, write)`,
  );
});

test.skipIf(!mayMount)("a read-only disk is said to be one", async () => {
  const folder = await temporaryFolder();
  expect(claimOn("ro", folder)).toMatch(
    /cannot be used .*: the file system is read-only; choose another folder$/,
  );
});
