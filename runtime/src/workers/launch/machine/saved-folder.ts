import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { MachineMemory } from "./memory.ts";

/** What hangs or fails may work after the machine was mended. */
const TRY_AGAIN_MILLISECONDS = 24 * 3600 * 1000;
/** A function of each of some sizes, with and without modules. */
const MOST_SAVED = 12;
const BEING_SAVED = "saving-";
const FAILED = ".failed";
/** Much more than saving takes: who began so long ago was ended in the middle of it. */
const LEFT_BEHIND_MILLISECONDS = 3600 * 1000;

/** What is kept of a machine. */
export interface KeptMachine {
  readonly memory: MachineMemory;
  /** Of its devices. */
  readonly state: Buffer;
  readonly preloaded: readonly string[];
}

/**
 * A machine that was kept in a folder; undefined where there is none.
 *
 * @throws Error where it is damaged.
 */
export async function loadMachine(python: string, folder: string): Promise<KeptMachine | undefined> {
  let text: string;
  try {
    text = await readFile(join(folder, "machine.json"), "utf8");
  } catch {
    return undefined;
  }
  const { digest, preloaded } = JSON.parse(text) as { digest: string; preloaded: string[] };
  const state = await readFile(join(folder, "state"));
  if (digestOf(state) !== digest) throw new Error("its state has another checksum");
  return { memory: await MachineMemory.load(python, join(folder, "memory")), state, preloaded };
}

/**
 * Keep a machine in a folder, whole or not at all, and of all in its parent no more than some.
 *
 * @throws Error, such as of a disk that is full.
 */
export async function keepMachine(folder: string, { memory, state, preloaded }: KeptMachine): Promise<void> {
  const parent = dirname(folder);
  let temporary: string | undefined;
  try {
    await mkdir(parent, { recursive: true });
    // Before, as well: who is ended each time would leave one more, until the disk is full.
    await removeOld(parent);
    temporary = await mkdtemp(join(parent, BEING_SAVED));
    await memory.save(join(temporary, "memory"));
    await writeFile(join(temporary, "state"), state, { flush: true });
    const text = JSON.stringify({ digest: digestOf(state), preloaded });
    await writeFile(join(temporary, "machine.json"), text, { flush: true });
    await rm(folder, { recursive: true, force: true });
    await rename(temporary, folder);
    await removeOld(parent);
  } catch (error) {
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

/**
 * Remove those that were made longest ago, as what they were made of has changed as a rule; and what a process
 * left that was ended while it saved one, or noted of what did not boot.
 */
async function removeOld(parent: string): Promise<void> {
  const folders = await Promise.all(
    (await readdir(parent)).map(async (name) => ({
      name,
      at: (await stat(join(parent, name)).catch(() => undefined))?.mtimeMs ?? 0,
    })),
  );
  const saved = folders.filter(({ name }) => /^[0-9a-f]{32}$/.test(name));
  const before = Date.now() - LEFT_BEHIND_MILLISECONDS;
  const old = [
    ...saved.toSorted((one, other) => other.at - one.at).slice(MOST_SAVED),
    ...folders.filter(({ name, at }) => name.startsWith(BEING_SAVED) && at < before),
    ...folders.filter(({ name, at }) => name.endsWith(FAILED) && Date.now() - at > TRY_AGAIN_MILLISECONDS),
  ];
  for (const { name } of old) await rm(join(parent, name), { recursive: true, force: true });
}

/** Why no machine for a folder booted, where that was tried a short while ago. */
export async function failedBefore(folder: string): Promise<string | undefined> {
  const note = `${folder}${FAILED}`;
  const status = await stat(note).catch(() => undefined);
  if (status === undefined || Date.now() - status.mtimeMs > TRY_AGAIN_MILLISECONDS) return undefined;
  return await readFile(note, "utf8").catch(() => undefined);
}

/** Note for the next day why no machine for a folder boots. */
export async function noteFailure(folder: string, problem: string): Promise<void> {
  await mkdir(dirname(folder), { recursive: true }).catch(() => {});
  await writeFile(`${folder}${FAILED}`, problem).catch(() => {});
}

function digestOf(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
