import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { findCommand } from "../../src/setup/find-command.ts";
import { locate, PROMETHEUS, REDIS_SERVER, setupServices } from "../../src/setup/programs.ts";
import { temporaryFolder } from "../support.ts";

let bin: string;
beforeEach(async () => {
  bin = await temporaryFolder();
});
afterEach(() => vi.unstubAllEnvs());

async function addProgram(name: string): Promise<void> {
  await writeFile(join(bin, name), "#!/bin/sh\n", { mode: 0o755 });
}

test("the first of several commands that is there is found, in the order of the PATH's folders", async () => {
  const other = join(bin, "other");
  await mkdir(other);
  await addProgram("b");
  await symlink(join(bin, "b"), join(other, "b"));
  vi.stubEnv("PATH", `/no/such/folder::${other}:${bin}`);
  expect(findCommand("a", "b")).toBe(join(other, "b"));
});

test("folders and files that may not be run are no commands", async () => {
  vi.stubEnv("PATH", bin);
  await mkdir(join(bin, "a"));
  await addProgram("b");
  await chmod(join(bin, "b"), 0o644);
  expect(findCommand("a", "b")).toBeUndefined();
});

// Without apt-get on the PATH this is a machine on which nothing can be installed.
test("what is missing is named, with how to get it on each system", async () => {
  await addProgram("redis-server");
  vi.stubEnv("PATH", bin);
  await expect(setupServices()).rejects.toThrow(
    /^not found on the PATH: prometheus, alertmanager\. .*\n.*sudo apt-get install prometheus prometheus-alertmanager\n.*brew install prometheus alertmanager\n/,
  );
  expect(() => locate(PROMETHEUS)).toThrow("prometheus is not on the PATH");
});

test("nothing is done where all is there, under Debian's names too", async () => {
  for (const name of ["redis-server", "prometheus", "prometheus-alertmanager"]) await addProgram(name);
  vi.stubEnv("PATH", bin);
  await setupServices();
  expect(locate(REDIS_SERVER)).toBe(join(bin, "redis-server"));
});

test("a Redis that is there already needs no program", async () => {
  for (const name of ["prometheus", "alertmanager"]) await addProgram(name);
  vi.stubEnv("PATH", bin);
  await setupServices({ without: [REDIS_SERVER] });
  await expect(setupServices()).rejects.toThrow("not found on the PATH: redis-server.");
});
