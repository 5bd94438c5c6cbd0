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
}

/** A machine of which there is only what it is made with. */
type BegunMachine = Pick<SavedMachine, "needs" | "size" | "accelerator" | "root">;

/** Saved machines, by size: booted and saved when first asked for, and anew when what they are made of changes. */
export class SavedMachines {
  readonly #settings: MachineSettings;
  readonly #log: Logger;
  readonly #machines = new Map<string, Promise<SavedMachine>>();
  #base: Promise<{ readonly needs: MachineNeeds; readonly image: MachineImage }> | undefined;
  #accelerators: readonly Accelerator[] | undefined;
  /** Those that boot now, to be saved. */
  readonly #booting = new Set<Machine>();
  #isClosed = false;

  constructor(settings: MachineSettings, log: Logger) {
    this.#settings = settings;
    this.#log = log;
  }

  /** @throws IsolationError where there can be none. */
  async get(size: MachineSize): Promise<SavedMachine> {
    const name = `${size.memoryBytes}-${size.processors}`;
    const known = this.#machines.get(name);
    if (known !== undefined) return await known;
    const made = this.#make(size);
    this.#machines.set(name, made);
    made.catch(() => this.#machines.delete(name));
    return await made;
  }

  /** One that cannot be restored: it is made anew when it is asked for next. */
  async discard(saved: SavedMachine): Promise<void> {
    for (const [name, each] of this.#machines) {
      if ((await each.catch(() => undefined)) !== saved) continue;
      this.#machines.delete(name);
      this.#base = undefined;
      await rm(await this.#folderOf(saved.size, saved.accelerator), { recursive: true, force: true });
    }
  }

  /** What boots now is ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const machine of this.#booting) machine.kill();
    for (const each of this.#machines.values()) {
      const saved = await each.catch(() => undefined);
      await saved?.memory.close();
      await saved?.root.close();
    }
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
      made = await this.#loadOrBoot({ needs, size, accelerator, root }, image);
      return made;
    } finally {
      // It is the machine's, where there is one.
      if (typeof made === "string") await root.close();
    }
  }

  async #loadOrBoot(begun: BegunMachine, image: MachineImage): Promise<SavedMachine | string> {
    const { size, accelerator } = begun;
    const folder = await this.#folderOf(size, accelerator);
    const found = (await failedBefore(folder)) ?? (await this.#load(folder, begun));
    if (found !== undefined) return found;
    const lock = await takeLock(folder);
    try {
      const meanwhile = await this.#load(folder, begun);
      if (meanwhile !== undefined) return meanwhile;
      let problem = "";
      for (let attempt = 1; attempt <= (accelerator === "kvm" ? 1 : BOOT_ATTEMPTS); attempt += 1) {
        const made = await this.#boot(begun, image, folder);
        if (typeof made !== "string") return made;
        // It was ended, which says nothing of what boots here.
        if (this.#isClosed) throw new IsolationError("the runtime stops");
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
      return { needs, image: await buildImage(this.#settings, needs) };
    };
    this.#base ??= prepare();
    this.#base.catch(() => {
      this.#base = undefined;
    });
    return await this.#base;
  }

  /** Named after all that a saved machine depends on. */
  async #folderOf(size: MachineSize, accelerator: Accelerator): Promise<string> {
    const { needs, image } = await this.#prepare();
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
  async #load(folder: string, begun: BegunMachine): Promise<SavedMachine | undefined> {
    const started = performance.now();
    try {
      const kept = await loadMachine(this.#settings.python, folder);
      if (kept === undefined) return undefined;
      const milliseconds = Math.round(performance.now() - started);
      this.#log.info(
        { accelerator: begun.accelerator },
        `virtual machines of ${describeSize(begun.size)} are restored from one that was saved, read in ${milliseconds} ms`,
      );
      return { ...begun, ...kept };
    } catch (error) {
      this.#log.warn(`a saved virtual machine is damaged and made anew: ${(error as Error).message}`);
      await rm(folder, { recursive: true, force: true });
      return undefined;
    }
  }

  /** Boot a machine, make it ready and save it; or why not. */
  async #boot(begun: BegunMachine, image: MachineImage, folder: string): Promise<SavedMachine | string> {
    const { needs, size, accelerator, root } = begun;
    const started = performance.now();
    const shared = await mkdtemp(join(tmpdir(), "gaugelet-machine-"));
    const kernel = await open(needs.kernelFile);
    const initrd = await open(image.initrd);
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
      if (this.#isClosed) throw new Error("the runtime stops");
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
      return (error as Error).message;
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

/** Wait until no other process makes the same machine. The lock is gone with its process. */
async function takeLock(folder: string): Promise<Server> {
  const name = `gaugelet-saving-${createHash("sha256").update(folder).digest("hex").slice(0, 32)}`;
  for (;;) {
    const lock = await holdName(name);
    if (lock !== undefined) return lock;
    await sleep(LOCK_PAUSE_MILLISECONDS);
  }
}
