import type { MachineView, StartMethod, Transport } from "../workers/transport.ts";

/** A worker, for people and programs to look at. */
export interface WorkerView {
  readonly pid: number | undefined;
  /** Whether it may be sent calls; not where it starts, is replaced or goes. */
  readonly isServing: boolean;
  /** Calls that it has and has not answered. */
  readonly callsInFlight: number;
  /** The most memory that it has used so far, in bytes; 0 before its first answer. */
  readonly memoryBytes: number;
  readonly startMethod: StartMethod;
  readonly startSeconds: number;
  /** What of the isolation could be had. */
  readonly level: Transport["level"];
  /** The virtual machine that it is in; null where it is in none. */
  readonly machine: MachineView | null;
  /** Of the code that it has loaded. */
  readonly version: string;
  /** Language and version. */
  readonly runtime: string;
}

/** What is looked at of a worker. */
interface ViewedWorker extends Omit<WorkerView, "isServing" | "callsInFlight" | "version" | "machine"> {
  readonly machine: MachineView | undefined;
  readonly inFlight: number;
  readonly package: { readonly version: string };
}

export function viewOf(worker: ViewedWorker, isServing: boolean): WorkerView {
  const { pid, memoryBytes, startMethod, startSeconds, level, runtime } = worker;
  return {
    pid,
    isServing,
    callsInFlight: worker.inFlight,
    memoryBytes,
    startMethod,
    startSeconds,
    level,
    machine: worker.machine ?? null,
    version: worker.package.version,
    runtime,
  };
}
