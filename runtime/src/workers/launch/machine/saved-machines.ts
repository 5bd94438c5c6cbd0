import { createHash } from "node:crypto";
import { type FileHandle, mkdtemp, open, rm, stat } from "node:fs/promises";
import type { Server } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { IsolationError } from "../../errors.ts";
import { candidates } from "./accelerator.ts";
import { cannot, findNeeds, type MachineNeeds } from "./find-needs.ts";
import { firstWords } from "./first-words.ts";
import { holdName } from "./hold-name.ts";
import { buildImage, type MachineImage } from "./image.ts";
import { Machine } from "./machine.ts";
import { stateOf } from "./machine-state.ts";
import { MachineMemory } from "./memory.ts";
import { processorModel, qemuArguments } from "./qemu.ts";
import { failedBefore, type KeptMachine, keepMachine, loadMachine, noteFailure } from "./saved-folder.ts";
import type { Accelerator, MachineSettings } from "./settings.ts";
import { describeSize, type MachineSize } from "./sizes.ts";
import { tscKilohertz } from "./tsc.ts";

/** A boot with the processor's own support takes a second; one that hangs must not be waited for long. */
const BOOT_SECONDS: Readonly<Record<Accelerator, number>> = { kvm: 20, tcg: 180 };
/** On a busy machine an imitated one may get stuck while it looks at its clocks. */
const BOOT_ATTEMPTS = 3;
const LOCK_PAUSE_MILLISECONDS = 200;
const FORMAT = 1;

/** A machine as it was saved: what it is restored from. */
export interface SavedMachine extends KeptMachine {
  readonly needs: MachineNeeds;
  readonly size: MachineSize;
  readonly accelerator: Accelerator;
  readonly root: FileHandle;
  /** Where it is kept. */
  readonly folder: string;
}

/** A machine of which there is only what it is made with. */
type BegunMachine = Pick<SavedMachine, "needs" | "size" | "accelerator" | "root" | "folder">;

/** Saved machines, by size: booted and saved when first asked for, and anew when what they are made of changes. */
export class SavedMachines {
  readonly #settings: MachineSettings;
  readonly #log: Logger;
  readonly #machines = new Map<string, Promise<SavedMachine>>();
  /** Of those, what is there. */
  readonly #saved = new Map<string, SavedMachine>();
  #base: Promise<{ readonly needs: MachineNeeds; readonly image: MachineImage }> | undefined;
  #accelerators: readonly Accelerator[] | undefined;
  /** Those that boot now, to be saved. */
  readonly #booting = new Set<Machine>();
  /** Ends what waits for a machine. */
  readonly #closing = new AbortController();

  constructor(settings: MachineSettings, log: Logger) {
    this.#settings = settings;
    this.#log = log;
  }

  /** @throws IsolationError where there can be none. */
  async get(size: MachineSize): Promise<SavedMachine> {
    this.#closing.signal.throwIfAborted();
    const name = nameOf(size);
    const known = this.#machines.get(name);
    if (known !== undefined) return await known;
    const made = this.#make(size);
    this.#machines.set(name, made);
    made.catch(() => {
      this.#machines.delete(name);
      // It may have been for what machines boot from, which somebody removed.
      this.#base = undefined;
    });
    const saved = await made;
    this.#saved.set(name, saved);
    return saved;
  }

  /** One that cannot be restored: it is made anew when it is asked for next. */
  async discard(saved: SavedMachine): Promise<void> {
    const name = nameOf(saved.size);
    if (this.#saved.get(name) !== saved) return;
    this.#saved.delete(name);
    this.#machines.delete(name);
    this.#base = undefined;
    await rm(saved.folder, { recursive: true, force: true });
    await closeFiles(saved);
  }

  /** What boots now is ended, and nothing is booted any more. */
  async endBoots(): Promise<void> {
    this.#closing.abort(new IsolationError("the runtime stops"));
    for (const machine of this.#booting) machine.kill();
    await Promise.allSettled(this.#machines.values());
  }

  async close(): Promise<void> {
    await this.endBoots();
    for (const each of this.#saved.values()) await closeFiles(each);
    this.#saved.clear();
    this.#machines.clear();
  }

  async #make(size: MachineSize): Promise<SavedMachine> {
    this.#accelerators ??= await candidates();
    for (const accelerator of this.#accelerators) {
      const problem = await this.#makeWith(size, accelerator);
      if (typeof problem !== "string") return problem;
      this.#accelerators = this.#accelerators.filter((each) => each !== accelerator);
      this.#log.warn({ accelerator }, `no virtual machine boots with ${accelerator}: ${problem}`);
      if (this.#accelerators.length === 0) {
        this.#accelerators = undefined;
        throw cannot(`no virtual machine boots here: ${problem}`);
      }
    }
    throw cannot("no virtual machine boots here");
  }

  /** A saved machine, or why there is none with this accelerator. */
  async #makeWith(size: MachineSize, accelerator: Accelerator): Promise<SavedMachine | string> {
    const { needs, image } = await this.#prepare();
    const root = await open(image.root);
    let made: SavedMachine | string = "";
    try {
      const folder = await this.#folderOf(size, accelerator, needs, image);
      made = await this.#loadOrBoot({ needs, size, accelerator, root, folder }, image);
      return made;
    } finally {
      // It is the machine's, where there is one.
      if (typeof made === "string") await root.close();
    }
  }

  async #loadOrBoot(begun: BegunMachine, image: MachineImage): Promise<SavedMachine | string> {
    const { accelerator, folder } = begun;
    const found = (await failedBefore(folder)) ?? (await this.#load(begun));
    if (found !== undefined) return found;
    const lock = await takeLock(folder, this.#closing.signal);
    try {
      const meanwhile = await this.#load(begun);
      if (meanwhile !== undefined) return meanwhile;
      let problem = "";
      for (let attempt = 1; attempt <= (accelerator === "kvm" ? 1 : BOOT_ATTEMPTS); attempt += 1) {
        const made = await this.#boot(begun, image);
        if (typeof made !== "string") return made;
        // It was ended, which says nothing of what boots here.
        this.#closing.signal.throwIfAborted();
        problem = made;
      }
      if (accelerator === "kvm") await noteFailure(folder, problem);
      return problem;
    } finally {
      lock.close();
    }
  }

  async #prepare(): Promise<{ readonly needs: MachineNeeds; readonly image: MachineImage }> {
    const prepare = async (): Promise<{ readonly needs: MachineNeeds; readonly image: MachineImage }> => {
      const needs = await findNeeds(this.#settings.folder);
      return { needs, image: await buildImage(this.#settings, needs, this.#closing.signal) };
    };
    this.#base ??= prepare();
    this.#base.catch(() => {
      this.#base = undefined;
    });
    return await this.#base;
  }

  /** Named after all that a saved machine depends on. */
  async #folderOf(
    size: MachineSize,
    accelerator: Accelerator,
    needs: MachineNeeds,
    image: MachineImage,
  ): Promise<string> {
    const [qemu, kernel] = await Promise.all([stat(needs.qemu), stat(needs.kernelFile)]);
    const parts = [
      FORMAT,
      image.version,
      image.preload,
      `${basename(needs.kernelFile)} ${kernel.size}`,
      `${qemu.size} ${qemu.mtimeMs}`,
      qemuArguments(size, accelerator, { kind: "restore" }),
      // How quickly the processor counts is measured, and never twice the same.
      qemuArguments(size, accelerator, { kind: "boot", preload: image.preload, tscKilohertz: undefined }),
      processorModel(),
    ];
    const key = createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);
    return join(this.#settings.folder, "machines", key);
  }

  /** One that was saved before; undefined where there is none, or none that is whole. */
  async #load(begun: BegunMachine): Promise<SavedMachine | undefined> {
    const started = performance.now();
    try {
      const kept = await loadMachine(this.#settings.python, begun.folder);
      if (kept === undefined) return undefined;
      const milliseconds = Math.round(performance.now() - started);
      this.#log.info(
        { accelerator: begun.accelerator },
        `virtual machines of ${describeSize(begun.size)} are restored from one that was saved, read in ${milliseconds} ms`,
      );
      return { ...begun, ...kept };
    } catch (error) {
      this.#log.warn(`a saved virtual machine is damaged and made anew: ${(error as Error).message}`);
      await rm(begun.folder, { recursive: true, force: true });
      return undefined;
    }
  }

  /** Boot a machine, make it ready and save it; or why not. */
  async #boot(begun: BegunMachine, image: MachineImage): Promise<SavedMachine | string> {
    const { needs, size, accelerator, root, folder } = begun;
    const started = performance.now();
    const kernel = await open(needs.kernelFile);
    const initrd = await open(image.initrd);
    const shared = await mkdtemp(join(tmpdir(), "gaugelet-machine-"));
    let memory: MachineMemory | undefined;
    let machine: Machine | undefined;
    try {
      memory = await MachineMemory.create(this.#settings.python, size.memoryBytes);
      const files = { memory: memory.file, root, kernel, initrd };
      const purpose = {
        kind: "boot",
        preload: image.preload,
        tscKilohertz: await tscKilohertz(this.#settings.python),
      } as const;
      this.#closing.signal.throwIfAborted();
      machine = new Machine({ needs, size, accelerator, purpose, files, shared });
      this.#booting.add(machine);
      const preloaded = await firstWords(machine, BOOT_SECONDS[accelerator]);
      const kept = { memory, state: await stateOf(machine, shared), preloaded };
      machine.kill();
      await machine.ended;
      await this.#keep(folder, kept);
      await memory.seal();
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      this.#log.info(
        { accelerator, preloaded },
        `virtual machines of ${describeSize(size)} are restored from one that booted in ${seconds} s`,
      );
      return { ...begun, ...kept };
    } catch (error) {
      machine?.kill();
      await memory?.close();
      const { message } = error as Error;
      // It did not come to a boot, which says nothing of what boots here.
      if (machine === undefined) throw new IsolationError(`no virtual machine can be booted now: ${message}`);
      return message;
    } finally {
      if (machine !== undefined) this.#booting.delete(machine);
      await kernel.close();
      await initrd.close();
      await rm(shared, { recursive: true, force: true });
    }
  }

  /** Keep it for the next time; without room for that it serves this time. */
  async #keep(folder: string, kept: KeptMachine): Promise<void> {
    try {
      await keepMachine(folder, kept);
    } catch (error) {
      this.#log.warn(
        `a virtual machine that booted could not be saved, so that the next start boots another: ${(error as Error).message}`,
      );
    }
  }
}

function nameOf({ memoryBytes, processors }: MachineSize): string {
  return `${memoryBytes}-${processors}`;
}

async function closeFiles({ memory, root }: SavedMachine): Promise<void> {
  await memory.close();
  await root.close();
}

/** Wait until no other process makes the same machine. The lock is gone with its process. */
async function takeLock(folder: string, signal: AbortSignal): Promise<Server> {
  const name = `gaugelet-saving-${createHash("sha256").update(folder).digest("hex").slice(0, 32)}`;
  for (;;) {
    signal.throwIfAborted();
    const lock = await holdName(name);
    if (lock !== undefined) return lock;
    await sleep(LOCK_PAUSE_MILLISECONDS);
  }
}
