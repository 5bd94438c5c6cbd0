import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { FunctionPackage } from "../../src/packages/package.ts";
import { noteUsed, UnusedFolders } from "../../src/packages/unused-folders.ts";

const DAY = 24 * 3600;
const log = pino({ level: "silent" });
let stateFolder: string;
let loaded: FunctionPackage[];
let unused: UnusedFolders;

beforeEach(async () => {
  stateFolder = await mkdtemp(join(tmpdir(), "gaugelet-state-"));
  loaded = [];
  unused = new UnusedFolders({ stateFolder, inUse: () => loaded, log });
});
afterEach(async () => {
  unused.stop();
  await rm(stateFolder, { recursive: true, force: true });
});

/** A folder that was last used so many days ago. */
async function folder(kind: "packages" | "environments", name: string, days: number): Promise<string> {
  const path = join(stateFolder, kind, name);
  await mkdir(path, { recursive: true });
  await writeFile(join(path, "handler.py"), "");
  const then = Date.now() / 1000 - days * DAY;
  await utimes(path, then, then);
  return path;
}

const names = (kind: string): Promise<string[]> => readdir(join(stateFolder, kind));
const code = (directory: string, libraries: string | null): FunctionPackage => ({
  directory,
  libraries,
  file: null,
  version: "1",
  number: null,
});

test("what nobody has used for a week is removed, and what a worker has loaded is not", async () => {
  await folder("packages", "old", 8);
  await folder("packages", "old.half-unpacked", 8);
  await folder("packages", "recent", 6);
  const directory = await folder("packages", "loaded", 30);
  await folder("environments", "old", 8);
  const libraries = await folder("environments", "loaded", 30);
  loaded = [code(directory, libraries)];
  await unused.remove();
  expect((await names("packages")).sort()).toEqual(["loaded", "recent"]);
  expect(await names("environments")).toEqual(["loaded"]);

  // Whatever else shares the folder sees that it is used.
  loaded = [];
  await unused.remove();
  expect(await names("environments")).toEqual(["loaded"]);
});

test("what is brought again counts as used, and folders of the operator's own are left alone", async () => {
  const directory = await folder("packages", "a", 8);
  const libraries = await folder("environments", "a", 8);
  const own = await mkdtemp(join(tmpdir(), "gaugelet-own-"));
  await utimes(own, 1, 1);
  await noteUsed(stateFolder, { directory, libraries });
  await noteUsed(stateFolder, { directory: own, libraries: null });
  await unused.remove();
  expect([...(await names("packages")), ...(await names("environments"))]).toEqual(["a", "a"]);
  expect((await stat(own)).mtimeMs).toBe(1_000);
  await rm(own, { recursive: true });
});

test("a state folder with nothing in it yet is no fault", async () => {
  await unused.remove();
  expect(await readdir(stateFolder)).toEqual([]);
});
