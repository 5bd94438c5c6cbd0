import { PassThrough } from "node:stream";
import { encodeStart, PlainFrame } from "../../src/workers/frames.ts";
import { type Connection, connectionBy } from "../../src/workers/launch/channel.ts";
import { ProcessTransport } from "../../src/workers/launch/process-transport.ts";
import { FrameType } from "../../src/workers/protocol.ts";
import type { Launcher, Transport, TransportListener, WorkerEnd } from "../../src/workers/transport.ts";
import { type Call, Worker, type WorkerOptions } from "../../src/workers/worker.ts";

const LIMITS = { memory: null, cpu: null, processes: null, openFiles: null, disk: null };
const LOADED = { runtime: "Test", pid: 1, importSeconds: 0 };
const CODE = { directory: "/", file: null, libraries: null, number: null, version: "1" };

/** What `kill` ends is ended; what it answers is written by the test. */
class FakeLauncher implements Launcher {
  readonly answers = new PassThrough();

  async launch(_spec: unknown, listener: TransportListener): Promise<Transport> {
    const ended = Promise.withResolvers<WorkerEnd>();
    const frames: Connection = connectionBy(new PassThrough().resume(), this.answers);
    const none = (): PassThrough => new PassThrough();
    return new ProcessTransport(
      {
        pid: undefined,
        startMethod: "fork",
        level: { ownUser: false, ownUserReason: null, cgroup: false },
        ended: ended.promise,
        kill: () => ended.resolve({ reason: "was killed", limit: undefined }),
      },
      { stdout: none(), stderr: none(), records: none(), frames },
      listener,
    );
  }

  answer(type: number, head: object, body?: Buffer): void {
    const frame = new PlainFrame(type, head, body);
    this.answers.write(Buffer.concat([encodeStart(frame), frame.body]));
  }

  async stop(): Promise<void> {}
}

/** A worker without a process. */
export async function startFakeWorker<C extends Call>(): Promise<{
  readonly launcher: FakeLauncher;
  readonly worker: Worker<C>;
}> {
  const launcher = new FakeLauncher();
  const options: WorkerOptions = {
    launcher,
    launch: {
      program: null,
      isolation: "process",
      network: false,
      readOnly: [],
      limits: LIMITS,
      environment: {},
    },
    lines: { line: () => true, dropped: () => {} },
    saysMemoryIsFull: () => false,
    handler: "a.b",
    redis: { host: "", port: 1 },
    limits: { timeout: 60, output: 100, env: 100, cpu: null },
  };
  const starting = Worker.start<C>(CODE, options, new AbortController().signal);
  setImmediate(() => launcher.answer(FrameType.loaded, LOADED));
  return { launcher, worker: await starting };
}
