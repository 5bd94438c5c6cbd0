import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "@gaugelet/testing/wait";
import { describe, expect, onTestFinished, test } from "vitest";
import { FilesRead, watchFiles } from "../src/file-watch.ts";

/** Longer than two looks, which is how long a change may take to be told. */
const TWO_LOOKS_MILLISECONDS = 2_500;

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "gaugelet-files-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

async function readOf(...files: readonly string[]): Promise<FilesRead> {
  const read = new FilesRead();
  for (const file of files) await read.add(file);
  return read;
}

/** Watch files that are read again, or are tried to be, at each change. */
function watch(first: FilesRead): { readonly changes: () => number } {
  let read = first;
  let changes = 0;
  onTestFinished(
    watchFiles(
      () => read,
      async () => {
        changes += 1;
        read = await readOf(...read.files);
      },
    ),
  );
  return { changes: () => changes };
}

describe.concurrent("a change is told once", () => {
  test("of what was read before the watch began", async () => {
    const file = join(await newFolder(), "file.yaml");
    await writeFile(file, "a: 1");
    const read = await readOf(file);
    await writeFile(file, "a: 22");
    const { changes } = watch(read);
    await waitFor("the change is told", () => changes() > 0);
    await sleep(TWO_LOOKS_MILLISECONDS);
    expect(changes()).toBe(1);
  });

  test("of what was missing when it was to be read", async () => {
    const folder = await newFolder();
    const named = join(folder, "named/function.yaml");
    const { changes } = watch(await readOf(join(folder, "gaugelet.yaml"), named));
    await sleep(TWO_LOOKS_MILLISECONDS);
    expect(changes()).toBe(0);
    await mkdir(join(folder, "named"));
    await writeFile(named, "name: named");
    await waitFor("the change is told", () => changes() > 0);
    await sleep(TWO_LOOKS_MILLISECONDS);
    expect(changes()).toBe(1);
  });

  test("of a mounted Secret, by the link above it", async () => {
    const folder = await newFolder();
    for (const version of ["..1", "..2"]) {
      await mkdir(join(folder, version));
      await writeFile(join(folder, version, "tls.key"), version);
    }
    await symlink("..1", join(folder, "..data"));
    await symlink("..data/tls.key", join(folder, "tls.key"));
    const { changes } = watch(await readOf(join(folder, "tls.key")));
    await sleep(TWO_LOOKS_MILLISECONDS);
    await symlink("..2", join(folder, "..data_tmp"));
    await rename(join(folder, "..data_tmp"), join(folder, "..data"));
    await waitFor("the change is told", () => changes() > 0);
    await sleep(TWO_LOOKS_MILLISECONDS);
    expect(changes()).toBe(1);
  });
});

test("no change is told while the one before is read", async () => {
  const file = join(await newFolder(), "file.yaml");
  await writeFile(file, "a: 1");
  let read = await readOf(file);
  let underWay = 0;
  const most: number[] = [];
  onTestFinished(
    watchFiles(
      () => read,
      async () => {
        underWay += 1;
        most.push(underWay);
        const next = await readOf(file);
        await sleep(TWO_LOOKS_MILLISECONDS);
        read = next;
        underWay -= 1;
      },
    ),
  );
  await writeFile(file, "a: 22");
  await waitFor("the first change is told", () => most.length === 1);
  await writeFile(file, "a: 333");
  await waitFor("the second change is told", () => most.length === 2);
  expect(most).toEqual([1, 1]);
});

test("nothing is told after the end of watching", async () => {
  const file = join(await newFolder(), "file.yaml");
  const read = await readOf(file);
  let changes = 0;
  const stop = watchFiles(
    () => read,
    async () => {
      changes += 1;
    },
  );
  await writeFile(file, "a: 1");
  stop();
  await sleep(TWO_LOOKS_MILLISECONDS);
  expect(changes).toBe(0);
});
