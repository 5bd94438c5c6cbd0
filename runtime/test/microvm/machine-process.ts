import { EventEmitter } from "node:events";
import { Duplex, PassThrough, type Readable } from "node:stream";
import { encodeStart, PlainFrame } from "../../src/workers/frames.ts";
import type { MachineLauncher } from "../../src/workers/launch/machine/machine-launcher.ts";
import { pythonEnvironment } from "../../src/workers/launch/python-program.ts";
import { FrameType } from "../../src/workers/protocol.ts";
import type { LaunchSpec } from "../../src/workers/transport.ts";
import type { WorkerProcess } from "../conformance/worker-under-test.ts";

const EMPTY = Buffer.alloc(0);
const NO_LIMITS = { memory: null, cpu: null, openFiles: null, processes: null, disk: null };

/**
 * A worker in a virtual machine that looks like a process with descriptors. The machine is started with the first
 * bytes that are sent to it, with the files that are there then.
 */
export class MachineProcess extends EventEmitter implements WorkerProcess {
  readonly pid = undefined;
  readonly spawnargs = ["gaugelet_worker"];
  readonly stdio: WorkerProcess["stdio"];
  exitCode: number | null = null;
  signalCode: NodeJS.Signals | null = null;
  readonly #launcher: MachineLauncher;
  readonly #spec: LaunchSpec;
  readonly #written = [new PassThrough(), new PassThrough(), new PassThrough()] as const;
  readonly #socket: Duplex;
  #frames: Promise<Duplex> | undefined;
  #kill = (): void => {};

  constructor(
    launcher: MachineLauncher,
    folder: string,
    environment: Readonly<Record<string, string>>,
    readOnly: readonly string[] = [],
  ) {
    super();
    this.#launcher = launcher;
    this.#spec = {
      program: null,
      readOnly,
      directory: folder,
      isolation: "process",
      network: false,
      limits: NO_LIMITS,
      environment: pythonEnvironment(environment),
    };
    const send = async (bytes: Buffer): Promise<void> => {
      this.#frames ??= this.#start();
      const frames = await this.#frames;
      if (!frames.write(bytes))
        await new Promise((resolve) => frames.once("drain", resolve).once("close", resolve));
    };
    const done = (callback: (error?: Error | null) => void) => [() => callback(), () => callback()] as const;
    this.#socket = new Duplex({
      allowHalfOpen: true,
      read: () => void this.#frames?.then((frames) => frames.resume()).catch(() => {}),
      write: (bytes: Buffer, _encoding, callback) => void send(bytes).then(...done(callback)),
      final: (callback) =>
        void send(encodeStart(new PlainFrame(FrameType.end, {}, EMPTY))).then(...done(callback)),
    });
    const [stdout, stderr, records] = this.#written;
    this.stdio = [
      null,
      stdout,
      stderr,
      this.#socket,
      records,
      this.#socket,
    ] as unknown as WorkerProcess["stdio"];
  }

  kill(): void {
    this.#kill();
    if (this.#frames === undefined) this.#end(null, "SIGKILL");
  }

  async #start(): Promise<Duplex> {
    try {
      const opened = await this.#launcher.open(
        { functionName: "conformance", growth: undefined },
        this.#spec,
      );
      const { machine, end } = opened;
      this.#kill = () => machine.kill();
      for (const [index, name] of (["stdout", "stderr", "records"] as const).entries()) {
        machine.stream(name).pipe(this.#written[index] as PassThrough);
      }
      const frames = machine.stream("frames");
      frames.on("data", (chunk: Buffer) => {
        if (!this.#socket.push(chunk)) frames.pause();
      });
      const closed = streamEnd(frames);
      void end.then(async (said) => {
        await closed;
        if ("reason" in said) this.#end(null, "SIGKILL");
        else this.#end(said.exitCode, said.signal as NodeJS.Signals | null);
      });
      return frames;
    } catch (error) {
      this.#written[1].write(String(error));
      this.#end(1, null);
      throw error;
    }
  }

  #end(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.exitCode !== null || this.signalCode !== null) return;
    this.exitCode = code;
    this.signalCode = signal;
    if (!this.#socket.destroyed) this.#socket.push(null);
    for (const stream of this.#written) stream.end();
    this.emit("exit", code, signal);
  }
}

function streamEnd(stream: Readable): Promise<unknown> {
  return new Promise((resolve) => stream.once("close", resolve));
}
