/**
 * The messages between the runtime, a worker and the zygote that forks workers, as
 * docs/reference/worker-protocol.md describes them. Nothing but names and shapes, and no imports: the
 * JavaScript worker uses this file inside its sandbox. The Python side is gaugelet_worker/frames.py.
 */

/**
 * What a frame says. Below 16: from the runtime to a worker; from 16 on: from the worker; from 32 on: between
 * the runtime and the zygote, or the first program of a virtual machine.
 */
export const FrameType = {
  load: 1,
  restore: 2,
  invoke: 3,
  snapshot: 4,
  loaded: 16,
  loadFailed: 17,
  restored: 18,
  result: 19,
  snapshotted: 20,
  saved: 21,
  launch: 32,
  launched: 33,
  refused: 34,
  ended: 35,
  end: 36,
  ready: 37,
  file: 38,
  tick: 39,
  usage: 40,
  taken: 41,
} as const;

/** What a worker finds at which number of a descriptor: requests come over one, all else leaves by the others. */
export const Descriptor = { stdout: 1, stderr: 2, answers: 3, records: 4, requests: 5 } as const;

/** One message: a head of JSON, and a body of bytes whose meaning the type gives. */
export interface Frame {
  readonly type: number;
  readonly head: unknown;
  readonly body: Buffer;
}

/** Import a function. Answered by `loaded` or `loadFailed`. */
export interface LoadHead {
  /** Folder that the module and its siblings are imported from. */
  readonly directory: string;
  /** Folder of packages that the function may import besides; null: none. Node finds them by itself. */
  readonly libraries: string | null;
  /** `module.attribute`. */
  readonly handler: string;
  /** The module's file, where its name is not the module's. */
  readonly file: string | null;
  /** Redis, as `context.host` and `context.port` say it. */
  readonly host: string;
  readonly port: number;
  /**
   * Bytes of an output and of a saved `env`; processor seconds of a call; and those of the launch, for messages. Null:
   * no limit.
   */
  readonly limits: {
    readonly output: number;
    readonly env: number;
  } & Partial<LaunchHead["limits"]>;
}

/** Begin a shard, with the `env` that was saved; an empty body begins a new one. Answered by `restored`. */
export interface RestoreHead {
  /** What `invoke` calls the shard by. */
  readonly shard: number;
  readonly name: string;
  /** `context.output_key`. */
  readonly outputKey: string;
  /** False: each call gets an empty `env`, and none is saved. */
  readonly keepEnv: boolean;
}

/** Ask for the `env` of a shard as it is now. Answered by `snapshotted`. */
export interface SnapshotHead {
  readonly shard: number;
}

/** What only this event has, as fields of `context`: they travel as the head of `invoke`, empty where there are none. */
export interface EventContext {
  /** `context.input_key`; null where the event has none. */
  readonly inputKey?: string | null;
  /** Of an event of a topic: where it stands. An offset is a number, or the id of a stream's entry. */
  readonly topic?: string;
  readonly partition?: number;
  readonly offset?: number | string;
  /** When it was published, Unix milliseconds. */
  readonly timestamp?: number;
  readonly key?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** Where it is not `<topic>/<partition>/<offset>`. */
  readonly eventId?: string;
  /** From 1 on; left out where it is 1. */
  readonly attempt?: number;
  /** Of a list: what each of its events has of its own, in their order. */
  readonly events?: readonly Pick<EventContext, "offset" | "timestamp" | "key" | "headers" | "eventId">[];
}

/** The numbers at the front of the body of `invoke`; the event follows. All are big-endian. */
export const InvokeNumbers = {
  /** Unsigned, 32 bits: given back in `result`. */
  id: 0,
  /** Unsigned, 32 bits. */
  shard: 4,
  /** Double: when the last output was stored, Unix milliseconds; NaN before the first. */
  lastExecution: 8,
  /** Unsigned, 8 bits: {@link InvokeFlags}, added up. */
  flags: 16,
  bytes: 17,
} as const;

/** What is to be known of an event before it is read. */
export const InvokeFlags = {
  /** It may hold an integer beyond 64 bits, which quick JSON readers round. */
  longInteger: 1,
  /** It is a list of events. */
  list: 2,
} as const;

/** The numbers at the front of the body of `result`; the output follows. */
export const ResultNumbers = {
  id: 0,
  /** Unsigned, 32 bits: the place in {@link RESULT_OUTCOMES}. */
  outcome: 4,
  /** Doubles. */
  seconds: 8,
  cpuSeconds: 16,
  /** The most memory that the process has used so far. */
  memoryBytes: 24,
  bytes: 32,
} as const;

/** `rejected`: the event is no JSON object, and the handler was not called. */
export const RESULT_OUTCOMES = ["ok", "error", "rejected"] as const;
export type ResultOutcome = (typeof RESULT_OUTCOMES)[number];

/** A limit of the manifest that a call or a worker came up against. */
export const LIMITS = [
  "memory",
  "cpu",
  "timeout",
  "openFiles",
  "processes",
  "disk",
  "output",
  "syscall",
] as const;
export type LimitName = (typeof LIMITS)[number];

/**
 * Start a worker. The body is the whole environment of its process as JSON, names and values: it may hold secrets,
 * and the zygote forgets it. Answered by `launched` or `refused`, and when all of it is gone by `ended`.
 */
export interface LaunchHead {
  /** Number of the launch. */
  readonly launch: number;
  /** What the worker executes; null: the forked interpreter serves Python functions itself. */
  readonly program: readonly string[] | null;
  /** The function's folder: current folder, and to be read in the sandbox. */
  readonly directory: string;
  readonly isolation: "process" | "sandbox";
  /** Whether a sandbox keeps the network. */
  readonly network: boolean;
  /** Further paths that can be read in the sandbox. */
  readonly readOnly: readonly string[];
  /** In bytes, seconds and counts; null: none. */
  readonly limits: {
    readonly memory: number | null;
    readonly cpu: number | null;
    readonly openFiles: number | null;
    readonly processes: number | null;
    readonly disk: number | null;
  };
}

/** The runtime has opened its ends of the worker's pipes, or will not: the zygote keeps none of them. */
export interface TakenHead {
  readonly launch: number;
}

/** End a worker and all that it started, at once. */
export interface EndHead {
  readonly launch: number;
}

/** One of the function's files, for a virtual machine: the body is its content, of a long one a piece. */
export interface FileHead {
  readonly path: string;
  readonly kind: "folder" | "file" | "link";
  /** Permissions, of a folder or a file. */
  readonly mode: number;
  /** When it was changed last, in Unix seconds. */
  readonly modified: number;
  /** Of a link. */
  readonly target?: string;
}

/** What the `launch` of a virtual machine says besides: what tells it from others with the same memory. */
export interface MachineHead {
  /** Hexadecimal. */
  readonly seed: string;
  /** Unix seconds. */
  readonly time: number;
  readonly name: string;
}

/** Set the clock, in Unix seconds. Answered by `usage`. */
export interface TickHead {
  readonly time: number;
}
