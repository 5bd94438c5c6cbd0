import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitFor } from "@gaugelet/testing/wait";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findNeeds } from "../../src/workers/launch/machine/find-needs.ts";
import { buildImage, type MachineImage } from "../../src/workers/launch/machine/image.ts";
import { PythonTool } from "../../src/workers/launch/machine/python-tool.ts";
import { childrenOf, PYTHON } from "../integration/harness.ts";
import { MACHINES_FOLDER, whyNoMachines } from "./machines.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gaugelet-image-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** An image in a folder of its own. */
async function built(name: string): Promise<MachineImage> {
  const own = join(folder, name);
  await mkdir(own, { recursive: true });
  const kernel = join(own, "kernel");
  await symlink(join(MACHINES_FOLDER, "kernel"), kernel).catch(() => {});
  return await buildImage({ folder: own, python: PYTHON, preload: [] }, await findNeeds(own));
}

const digestOf = async (file: string): Promise<string> =>
  createHash("sha256")
    .update(await readFile(file))
    .digest("hex");

describe.skipIf(whyNoMachines !== undefined)("the image of machines", () => {
  test("is the same to the byte whenever it is made of the same files, and named after them", async () => {
    const [one, two] = [await built("one"), await built("two")];
    expect(two.version).toBe(one.version);
    expect(await digestOf(two.root)).toBe(await digestOf(one.root));
    expect(await digestOf(two.initrd)).toBe(await digestOf(one.initrd));
  });

  test("is not made again, and what was left half made is gone", async () => {
    const images = join(folder, "one/images");
    await mkdir(join(images, "making-abc123"));
    const before = await readdir(images);
    await built("one");
    expect(await readdir(images)).toEqual(before.filter((name) => name !== "making-abc123"));
  });

  test("one that is ended in the middle leaves nobody who holds the lock", async () => {
    const own = join(folder, "ended");
    const { kernel } = await findNeeds(MACHINES_FOLDER);
    const tool = new PythonTool(PYTHON, "image", join(own, "images"), kernel, "");
    // Those that compile.
    const helpers = await waitFor("its processes", async () => {
      const pids = await childrenOf(tool.pid, "gaugelet_worker");
      return pids.length > 0 && pids;
    });
    await tool.end();
    await waitFor("their end", async () => {
      // Empty, too, for one that nobody has waited for yet.
      const commands = await Promise.all(
        helpers.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")),
      );
      return commands.every((command) => command === "");
    });
  });

  test("a note of an image that is damaged is no reason to have none", async () => {
    const images = join(folder, "one/images");
    for (const name of await readdir(images)) {
      if (name.endsWith(".json")) await truncate(join(images, name));
    }
    for (const [name, text] of [
      ["0", "null"],
      ["1", "{}"],
    ]) {
      await writeFile(join(images, `${name}.json`), text as string);
    }
    await built("one");
    expect((await readdir(images)).filter((name) => name.endsWith(".json"))).toHaveLength(1);
  });
});
