import { spawn } from "node:child_process";
import { Readable, Writable } from "node:stream";
import { Descriptor } from "../protocol.ts";
import type { Launcher, LaunchSpec, Transport, TransportListener, WorkerEnd } from "../transport.ts";
import { connectionBy } from "./channel.ts";
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
      stdio: ["ignore", "pipe", "pipe", "pipe", "pipe", "pipe"],
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
    const pipes: readonly (Readable | Writable | null | undefined)[] = child.stdio ?? [];
    const readable = (descriptor: number): Readable =>
      (pipes[descriptor] as Readable | null | undefined) ?? Readable.from([]);
    const requests = (pipes[Descriptor.requests] as Writable | null | undefined) ?? unheard();
    const streams = {
      stdout: readable(Descriptor.stdout),
      stderr: readable(Descriptor.stderr),
      frames: connectionBy(requests, readable(Descriptor.answers)),
      records: readable(Descriptor.records),
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

/** A stream to nobody. */
function unheard(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}
