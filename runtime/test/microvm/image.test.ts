import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findNeeds } from "../../src/workers/launch/machine/find-needs.ts";
import { buildImage, type MachineImage } from "../../src/workers/launch/machine/image.ts";
import { PYTHON } from "../integration/harness.ts";
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
});
