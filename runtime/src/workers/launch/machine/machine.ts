import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { FileHandle } from "node:fs/promises";
import type { Duplex, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import type { MachineNeeds } from "./find-needs.ts";
import { Monitor } from "./monitor.ts";
import {
  bubblewrapArguments,
  FILES,
  type FileName,
  type Purpose,
  qemuArguments,
  STREAMS,
  type StreamName,
} from "./qemu.ts";
import type { Accelerator } from "./settings.ts";
import type { MachineSize } from "./sizes.ts";

const KEPT_CHARACTERS = 8_192;

/** What a machine is started with. */
export interface MachineStart {
  readonly needs: MachineNeeds;
  readonly size: MachineSize;
  readonly accelerator: Accelerator;
  readonly purpose: Purpose;
  /** Open files; those that its purpose does not take are left out. */
  readonly files: Partial<Readonly<Record<FileName, FileHandle>>>;
  /** Whom QEMU runs as; undefined: this process's own user. */
  readonly user?: number | undefined;
  /** A folder that it may write to, as /shared. */
  readonly shared?: string;
}

/**
 * A virtual machine: QEMU, in a sandbox of its own, and the streams to what is in it. To make one throws where too
 * many files are open.
 */
export class Machine {
  /** Settles when it is gone, with why it went, in words. */
  readonly ended: Promise<string>;
  readonly monitor: Monitor;
  readonly #child: ChildProcess;
  #console = "";
  #complaints = "";
  #problem: string | undefined;

  constructor({ needs, size, accelerator, purpose, files, user, shared }: MachineStart) {
    const child = spawn(
      needs.bubblewrap,
      [...bubblewrapArguments(accelerator, shared), needs.qemu, ...qemuArguments(size, accelerator, purpose)],
      {
        cwd: "/",
        env: {},
        detached: true,
        stdio: [
          "ignore",
          "ignore",
          "pipe",
          ...STREAMS.map(() => "pipe" as const),
          ...FILES.map((name) => files[name]?.fd ?? ("ignore" as const)),
        ],
        ...(user === undefined ? {} : { uid: user, gid: user }),
      },
    );
    this.#child = child;
    child.on("error", (error) => {
      this.#problem = `QEMU could not be started: ${error.message}`;
    });
    // Where no pipe could be made there are none, whatever their type says.
    const { stdio }: Partial<ChildProcess> = child;
    if (stdio === undefined) throw new Error("QEMU could not be started: too many open files");
    const gone = once(child, "exit").then(
      ([code, signal]) =>
        ({ code, signal }) as { readonly code: number | null; readonly signal: string | null },
      () => ({ code: null, signal: null }),
    );
    child.stderr?.on("data", (chunk: Buffer) => {
      this.#complaints = (this.#complaints + chunk.toString()).slice(-KEPT_CHARACTERS);
    });
    this.stream("console").on("data", (chunk: Buffer) => {
      this.#console = (this.#console + chunk.toString("latin1")).slice(-KEPT_CHARACTERS);
    });
    for (const name of STREAMS) this.stream(name).on("error", () => {});
    this.monitor = new Monitor(this.stream("monitor"));
    this.ended = gone.then(({ code, signal }) => {
      for (const name of ["incoming", "monitor", "information"] as const) this.stream(name).destroy();
      return this.#explain(code, signal);
    });
  }

  /** Of the process that is the sandbox around QEMU. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** QEMU's own process, as this machine sees it; undefined where it did not come to that. */
  async qemuPid(): Promise<number | undefined> {
    const said = await text(this.stream("information")).catch(() => "");
    const pid = Number(/"child-pid":\s*(\d+)/.exec(said)?.[1]);
    return Number.isInteger(pid) ? pid : undefined;
  }

  stream(name: StreamName): Duplex & Readable {
    return this.#child.stdio[3 + STREAMS.indexOf(name)] as Duplex & Readable;
  }

  /** End it, at once. */
  kill(): void {
    if (this.#child.pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null)
      return;
    try {
      process.kill(-this.#child.pid, "SIGKILL");
    } catch {
      // ESRCH: it is gone already.
    }
    this.#child.kill("SIGKILL");
  }

  #explain(code: number | null, signal: string | null): string {
    if (this.#problem !== undefined) return this.#problem;
    const panic = /Kernel panic - not syncing: [^\r\n]*/.exec(this.#console)?.[0];
    if (panic !== undefined) {
      // The last line of a traceback of its first program, where that is why.
      const error = this.#console.match(/^[\w.]*(Error|Exception|Refused)\b[^\r\n]*/gm)?.at(-1);
      return `its virtual machine's system failed: ${panic}${error === undefined ? "" : ` (${error})`}`;
    }
    const complaint = this.#complaints.trim().split("\n").at(-1) ?? "";
    if (complaint !== "") return `its virtual machine failed: ${complaint}`;
    if (signal !== null) return `its virtual machine was killed by ${signal}`;
    return `its virtual machine ended with code ${code}`;
  }
}
