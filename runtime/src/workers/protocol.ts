import { z } from "zod";

/**
 * The messages between the runtime and a worker, as docs/reference/worker-protocol.md describes them. The
 * worker's side is runtime/python/gaugelet_worker/frames.py.
 */

/** What a frame says. Below 16: from the runtime to the worker; from 16 on: the answers. */
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
} as const;

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
  /** `module.attribute`. */
  readonly handler: string;
  /** The module's file, where its name is not the module's. */
  readonly file: string | null;
  /** Redis, as `context.host` and `context.port` say it. */
  readonly host: string;
  readonly port: number;
  /** In bytes. */
  readonly limits: { readonly output: number; readonly env: number };
}

/** Give a shard its `env` back; the body is what was saved, empty for a new `env`. Answered by `restored`. */
export interface ShardHead {
  readonly shard: string;
}

/** Call the handler; the body is the event. Answered by `result`. */
export interface InvokeHead {
  readonly id: number;
  readonly shard: string;
  readonly inputKey: string | null;
  readonly outputKey: string;
  /** When the last output was stored, Unix milliseconds; null before the first. */
  readonly lastExecution: number | null;
  /** False: the call gets an empty `env`, and none is saved. */
  readonly keepEnv: boolean;
}

const loadedHead = z.object({ python: z.string(), pid: z.number(), importSeconds: z.number() });

const loadFailedHead = z.object({
  message: z.string(),
  /** A traceback of the user's own code, or the line at fault; "" where there is none. */
  details: z.string(),
});

/** Why an `env` could not be read or saved; null where it could. */
const envHead = z.object({ problem: z.string().nullable() });

/** The body is the output (`outputBytes` long), then the saved `env`. */
const resultHead = z.object({
  id: z.number(),
  outcome: z.enum(["ok", "error", "rejected"]),
  seconds: z.number().nonnegative(),
  cpuSeconds: z.number().nonnegative(),
  memoryBytes: z.number().nonnegative(),
  outputBytes: z.number().int().nonnegative(),
  /** Paths of values that became null because JSON has no such number. */
  notFinite: z.array(z.string()).optional(),
  envProblem: z.string().nullish(),
  message: z.string().optional(),
  details: z.string().optional(),
});

/** What each answer's head must be: a function can write to the descriptor too. */
export const ANSWERS = {
  loaded: loadedHead,
  loadFailed: loadFailedHead,
  restored: envHead,
  result: resultHead,
  snapshotted: envHead,
} as const;

export type AnswerType = keyof typeof ANSWERS;
export type ResultHead = z.output<typeof resultHead>;
