import { randomBytes } from "node:crypto";
import type { Logger } from "pino";
import { ANSWERS, type AnswerHead } from "../../answers.ts";
import { IsolationError, WorkerDiedError } from "../../errors.ts";
import { PlainFrame, type ReceivedFrame } from "../../frames.ts";
import { FrameType, type LaunchHead, type MachineHead, type TickHead } from "../../protocol.ts";
import type { Launcher, LaunchSpec, Transport, TransportListener } from "../../transport.ts";
import { Channel, connectionOf } from "../channel.ts";
import { explainEnd } from "../explain-end.ts";
import { ProcessTransport } from "../process-transport.ts";
import { cannot } from "./find-needs.ts";
import { Machine } from "./machine.ts";
import { MachineGrowth } from "./machine-growth.ts";
import { descriptorOf } from "./qemu.ts";
import { type MachinePurpose, RunningMachine } from "./running-machine.ts";
import { type SavedMachine, SavedMachines } from "./saved-machines.ts";
import { packFiles } from "./send-files.ts";
import type { MachineSettings } from "./settings.ts";
import { type MachineSize, sizeFor } from "./sizes.ts";
import { reserveUserId } from "./user-ids.ts";

/** From the start of QEMU until the worker has contained itself, on the slowest machine. */
const LAUNCH_SECONDS = 30;
const TICK_MILLISECONDS = 10_000;
const SEED_BYTES = 64;
const EMPTY = Buffer.alloc(0);
const NOT_RESTORED = /load of migration failed|error while loading state|Unknown savevm|incompatible/i;

/** A machine whose worker is up. */
export interface OpenMachine {
  readonly machine: Machine;
  readonly running: RunningMachine;
  /** What its worker has of the isolation. */
  readonly level: AnswerHead<"launched">["level"];
  /** Settles when it is gone: how its worker ended, or why the machine did. */
  readonly end: Promise<AnswerHead<"ended"> | { readonly reason: string }>;
}

/** Starts each worker in a virtual machine of its own, restored from one that was saved when it was ready. */
export class MachineLauncher {
  readonly #log: Logger;
  readonly #saved: SavedMachines;
  readonly #launchSeconds: number;
  readonly #running = new Set<RunningMachine>();
  readonly #growth: MachineGrowth;
  #count = 0;
  #stopped = false;

  /** @param launchSeconds what is not up by then is ended. */
  constructor(settings: MachineSettings, log: Logger, launchSeconds = LAUNCH_SECONDS) {
    this.#log = log;
    this.#launchSeconds = launchSeconds;
    this.#saved = new SavedMachines(settings, log);
    this.#growth = new MachineGrowth((size) => this.#saved.get(size), log);
  }

  /** The machines that run now. */
  get running(): ReadonlySet<RunningMachine> {
    return this.#running;
  }

  /** A launcher of one function's workers. */
  of(purpose: MachinePurpose): Launcher {
    return { launch: (spec, listener) => this.#launch(purpose, spec, listener), stop: () => this.stop() };
  }

  /** Boot and save the machine that functions with the usual limits take, so that the first start need not. */
  async prepare(limits: Pick<LaunchHead["limits"], "memory" | "disk">): Promise<MachineSize> {
    const size = sizeFor(limits, 0);
    if (size === undefined) throw tooLarge();
    await this.#saved.get(size);
    return size;
  }

  /** Start no more: who waits for a machine that boots, or for what it boots from, waits no longer. */
  async endStarts(): Promise<void> {
    this.#stopped = true;
    await this.#saved.endBoots();
  }

  async stop(): Promise<void> {
    await this.endStarts();
    await Promise.all(
      [...this.#running].map(async ({ machine }) => {
        machine.kill();
        await machine.ended;
      }),
    );
    await this.#saved.close();
  }

  async #launch(purpose: MachinePurpose, spec: LaunchSpec, listener: TransportListener): Promise<Transport> {
    const { machine, running, level, end } = await this.open(purpose, spec);
    return new ProcessTransport(
      {
        pid: running.pid,
        startMethod: "restore",
        level,
        ended: end.then((said) =>
          "reason" in said
            ? { reason: `ended: ${said.reason}`, limit: undefined }
            : explainEnd(said, spec.limits),
        ),
        kill: () => machine.kill(),
        isDeaf: true,
        machine: () => running.view,
      },
      {
        stdout: machine.stream("stdout"),
        stderr: machine.stream("stderr"),
        frames: connectionOf(machine.stream("frames")),
        records: machine.stream("records"),
      },
      listener,
    );
  }

  /**
   * Start a machine with a worker in it, for who reads its streams himself.
   *
   * @throws IsolationError where there can be none, WorkerDiedError where it could not be started.
   */
  async open(purpose: MachinePurpose, spec: LaunchSpec): Promise<OpenMachine> {
    if (this.#stopped) throw notStarted("the runtime stops");
    if (spec.program !== null || "GAUGELET_NODE" in spec.environment) {
      throw new IsolationError(
        "isolation: microvm cannot be had for JavaScript and TypeScript: virtual machines run functions and scripts in Python, and shell scripts; choose sandbox",
      );
    }
    if (spec.network) {
      throw new IsolationError(
        "isolation: microvm cannot be had with network: true: virtual machines have none",
      );
    }
    const files = await packFiles([spec.directory, ...spec.readOnly]).catch((error: Error) => {
      throw new IsolationError(`the function's files cannot be brought into a machine: ${error.message}`);
    });
    const next = this.#growth.sizeOf(purpose, spec.limits, files.bytes);
    if (next === undefined) throw tooLarge();
    const { size, grown } = next;
    const saved = await this.#saved.get(size);
    const user = await reserveUserId();
    const started = performance.now();
    this.#count += 1;
    const name = `machine-${this.#count}`;
    let machine: Machine;
    try {
      machine = new Machine({
        needs: saved.needs,
        size,
        accelerator: saved.accelerator,
        purpose: { kind: "restore" },
        files: { memory: saved.memory.file, root: saved.root },
        user: user?.number,
      });
    } catch (error) {
      user?.release();
      throw notStarted((error as Error).message);
    }
    restore(machine, saved);
    const running = new RunningMachine(name, purpose, size, grown, saved.accelerator, machine);
    this.#running.add(running);
    const gone = machine.ended.then((reason) => {
      user?.release();
      this.#running.delete(running);
      return reason;
    });
    const guest = new Guest(machine, gone, running);
    const ticking = setInterval(() => {
      guest.tick();
      void this.#growth.look(running);
    }, TICK_MILLISECONDS);
    ticking.unref();
    void gone.then(() => clearInterval(ticking));
    const launched = guest.launched(this.#launchSeconds);
    for (const frame of files.frames) guest.send(frame);
    try {
      // The time is told when its clock goes on, not before.
      await Promise.race([machine.monitor.resumed, launched]);
      const { environment, ...rest } = spec;
      const head: LaunchHead & { readonly machine: MachineHead } = {
        launch: 1,
        ...rest,
        isolation: "process",
        limits: grownLimits(spec.limits, grown),
        machine: { seed: randomBytes(SEED_BYTES).toString("hex"), time: Date.now() / 1000, name },
      };
      guest.send(
        new PlainFrame(FrameType.launch, head, Buffer.from(JSON.stringify(withinMachine(environment)))),
      );
      const [level, pid] = await Promise.all([launched, machine.qemuPid()]);
      running.pid = pid;
      // The machine's clock was set to when it was told: some time has passed since.
      guest.tick();
      const took = Math.round(performance.now() - started);
      this.#log.debug(
        { function: purpose.functionName, machine: name },
        `a virtual machine is up after ${took} ms`,
      );
      return { machine, running, level, end: guest.end };
    } catch (error) {
      machine.kill();
      const reason = await gone;
      if (NOT_RESTORED.test(reason)) {
        this.#log.warn(`a saved virtual machine cannot be restored and is made anew: ${reason}`);
        await this.#saved.discard(saved);
      }
      throw error;
    }
  }
}

/** The way to the first program of a machine. */
class Guest {
  readonly #channel: Channel;
  readonly #machine: Machine;
  readonly #gone: Promise<string>;
  readonly #launched = Promise.withResolvers<AnswerHead<"launched">["level"]>();
  #end: AnswerHead<"ended"> | undefined;

  constructor(machine: Machine, gone: Promise<string>, running: RunningMachine) {
    this.#machine = machine;
    this.#gone = gone;
    this.#launched.promise.catch(() => {});
    this.#channel = new Channel(connectionOf(machine.stream("control")), {
      onFrame: (frame) => this.#hear(frame, running),
      onBroken: (reason) => {
        this.#launched.reject(notStarted(`its virtual machine wrote something else than frames: ${reason}`));
        machine.kill();
      },
      onClosed: () => machine.kill(),
    });
    void gone.then((reason) => {
      this.#channel.destroy();
      this.#launched.reject(notStarted(reason));
    });
  }

  send(frame: PlainFrame): void {
    this.#channel.send(frame);
  }

  tick(): void {
    const head: TickHead = { time: Date.now() / 1000 };
    this.send(new PlainFrame(FrameType.tick, head, EMPTY));
  }

  /** What the worker has of the isolation. @throws IsolationError, WorkerDiedError. */
  async launched(seconds: number): Promise<AnswerHead<"launched">["level"]> {
    const timer = setTimeout(() => {
      this.#launched.reject(notStarted(`its virtual machine was not up after ${seconds} s`));
    }, seconds * 1000);
    try {
      return await this.#launched.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** How the worker ended, or why its machine did, when that is gone. */
  get end(): OpenMachine["end"] {
    return this.#gone.then((reason) => this.#end ?? { reason });
  }

  #hear({ type, head }: ReceivedFrame, running: RunningMachine): void {
    switch (type) {
      case FrameType.launched: {
        const launched = ANSWERS.launched.safeParse(head).data;
        if (launched !== undefined) this.#launched.resolve(launched.level);
        break;
      }
      case FrameType.refused: {
        const reason = ANSWERS.refused.safeParse(head).data?.reason ?? "it says not why";
        this.#launched.reject(new IsolationError(reason));
        this.#machine.kill();
        break;
      }
      case FrameType.ended:
        this.#end = ANSWERS.ended.safeParse(head).data;
        this.#machine.kill();
        break;
      case FrameType.usage: {
        const usage = ANSWERS.usage.safeParse(head).data;
        if (usage !== undefined) running.noteUsage(usage);
      }
    }
  }
}

/** Let it begin with what was saved. It goes on by itself then. */
function restore(machine: Machine, { state }: SavedMachine): void {
  const capabilities = [{ capability: "x-ignore-shared", state: true }];
  machine.monitor.say("migrate-set-capabilities", { capabilities });
  machine.monitor.say("migrate-incoming", { uri: `fd:${descriptorOf("incoming")}` });
  machine.stream("incoming").end(state);
}

/** What a worker may use in a machine that was doubled so often. */
function grownLimits(limits: LaunchSpec["limits"], grown: number): LaunchSpec["limits"] {
  return { ...limits, memory: limits.memory === null ? null : limits.memory * 2 ** grown };
}

/** An environment without what this process's own said of this machine. */
function withinMachine(environment: Readonly<Record<string, string>>): Record<string, string> {
  const own = { ...environment };
  for (const name of ["HOME", "TMPDIR", "LD_LIBRARY_PATH", "PATH"]) {
    if (own[name] === process.env[name]) delete own[name];
  }
  return { PATH: "/usr/bin:/bin", ...own };
}

function notStarted(reason: string): WorkerDiedError {
  return new WorkerDiedError({ reason: `was not started: ${reason}`, limit: undefined });
}

function tooLarge(): IsolationError {
  return cannot("limits.memory and limits.disk are more than the largest virtual machine has, 16Gi");
}
