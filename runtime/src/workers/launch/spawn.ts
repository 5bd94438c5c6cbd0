import { spawn } from "node:child_process";
import { Duplex, Readable } from "node:stream";
import type { Launcher, LaunchSpec, Transport, TransportListener, WorkerEnd } from "../transport.ts";
import { byteStream } from "./channel.ts";
import { explainEnd } from "./explain-end.ts";
import { ProcessTransport } from "./process-transport.ts";
import { type PythonProgram, pythonArguments } from "./python-program.ts";

const NO_LEVEL = { ownUser: false, ownUserReason: "workers are spawned, not forked", cgroup: false };

/**
 * Starts each worker as a process of its own, which contains itself before it serves: where there is no fork to
 * rely on. Slower to start by what the function imports.
 */
export class SpawnLauncher implements Launcher {
  readonly #program: PythonProgram;

  constructor(program: PythonProgram) {
    this.#program = program;
  }

  async launch(spec: LaunchSpec, listener: TransportListener): Promise<Transport> {
    const { environment, ...launch } = spec;
    const [command = "", ...args] = spec.program ?? [
      this.#program.python,
      ...pythonArguments(JSON.stringify({ launch: 0, ...launch })),
    ];
    const child = spawn(command, args, {
      cwd: spec.directory,
      stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"],
      detached: true,
      env: environment,
    });
    const kill = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      } catch {
        // ESRCH: the whole group is gone already.
      }
    };
    const ended = new Promise<WorkerEnd>((resolve) => {
      child.on("error", (error) =>
        resolve({ reason: `could not be started: ${error.message}`, limit: undefined }),
      );
      child.on("exit", (exitCode, signal) => {
        // Children that the function left behind.
        kill();
        resolve(explainEnd({ exitCode, signal, limit: null }, spec.limits));
      });
    });
    // Without descriptors to spare there are no pipes, and the process ends with an error a moment later.
    const [, stdout, stderr, frames, records] = child.stdio ?? [];
    const streams = {
      stdout: (stdout as Readable | null | undefined) ?? Readable.from([]),
      stderr: (stderr as Readable | null | undefined) ?? Readable.from([]),
      frames: byteStream((frames as Duplex | null | undefined) ?? silence()),
      records: (records as Readable | null | undefined) ?? Readable.from([]),
    };
    return new ProcessTransport(
      { pid: child.pid, startMethod: "spawn", level: NO_LEVEL, ended, kill },
      streams,
      listener,
    );
  }

  async stop(): Promise<void> {
    // Each worker is ended by whoever launched it.
  }
}

/** A connection to nobody. */
function silence(): Duplex {
  return new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() });
}
