import { z } from "zod";
import { LIMITS } from "./protocol.ts";

/** What may come back from a worker and from the zygote: a function can write to a worker's descriptor too. */

const limit = z.enum(LIMITS);

/** Why an `env` could not be read or saved; null where it could. */
const problem = z.string().nullable();

const loadedHead = z.object({ runtime: z.string(), pid: z.number(), importSeconds: z.number() });

const loadFailedHead = z.object({
  message: z.string(),
  /** A traceback of the user's own code, or the line at fault; "" where there is none. */
  details: z.string(),
});

const resultHead = z.object({
  /** Paths of values that became null because JSON has no such number. */
  notFinite: z.array(z.string()).optional(),
  message: z.string().optional(),
  details: z.string().optional(),
  limit: limit.optional(),
});

const savedHead = z.object({
  shard: z.number().int().nonnegative(),
  /** The last call of the shard that the `env` holds. */
  id: z.number().int().nonnegative(),
  problem,
  /** The bytes are those of the last time, and are not sent again. */
  unchanged: z.boolean(),
});

/** Whether a level can be had, and why not. */
const capability = z.object({ available: z.boolean(), reason: z.string().nullable() });

const readyHead = z.object({
  runtime: z.string(),
  preloaded: z.array(z.string()),
  missing: z.array(z.string()),
  capabilities: z
    .object({
      process: z.object({ ownUser: z.boolean(), reason: z.string().nullable() }),
      sandbox: capability,
      cgroup: capability,
    })
    .partial(),
});

/** A descriptor of the zygote. */
const end = z.number().int().nonnegative();

const launchedHead = z.object({
  launch: z.number(),
  pid: z.number(),
  level: z.object({
    ownUser: z.boolean(),
    ownUserReason: z.string().nullable(),
    cgroup: z.boolean(),
  }),
  /** The runtime's ends of the worker's pipes; a virtual machine has ports instead. */
  pipes: z.object({ stdout: end, stderr: end, answers: end, records: end, requests: end }).optional(),
});

const refusedHead = z.object({ launch: z.number(), reason: z.string() });

const endedHead = z.object({
  launch: z.number(),
  exitCode: z.number().nullable(),
  signal: z.string().nullable(),
  limit: limit.nullable(),
});

/** What a virtual machine says that it uses, in bytes; a function may have made it say anything. */
const amount = z.number().nonnegative();
const usageHead = z.object({
  load: amount,
  memoryBytes: amount,
  memoryTotalBytes: amount,
  diskBytes: amount,
  diskTotalBytes: amount,
});

/** The first words of a virtual machine. */
export const guestReadyHead = z.object({ preloaded: z.array(z.string()), missing: z.array(z.string()) });

/** What each answer's head must be. */
export const ANSWERS = {
  loaded: loadedHead,
  loadFailed: loadFailedHead,
  restored: z.object({ problem }),
  result: resultHead,
  snapshotted: z.object({ problem }),
  saved: savedHead,
  ready: readyHead,
  launched: launchedHead,
  refused: refusedHead,
  ended: endedHead,
  usage: usageHead,
} as const;

export type AnswerType = keyof typeof ANSWERS;
export type AnswerHead<Type extends AnswerType> = z.output<(typeof ANSWERS)[Type]>;
