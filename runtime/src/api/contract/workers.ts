import { z } from "zod";
import { START_METHODS } from "../../workers/transport.ts";

/** A virtual machine that a worker is in. */
const machineView = z.object({
  name: z.string().describe("its host name"),
  accelerator: z
    .enum(["kvm", "tcg"])
    .describe("what runs its code: the processor's own support, or software that imitates one"),
  processors: z.number(),
  memorySizeBytes: z.number().describe("memory that it has"),
  uptimeSeconds: z.number(),
  usage: z
    .object({
      load: z.number().describe("processes that run or want to, on average over a minute"),
      memoryBytes: z.number(),
      diskBytes: z.number(),
      diskSizeBytes: z.number(),
    })
    .nullable()
    .describe("what its system said last that is in use; null before it was asked"),
});

/** A worker's process. */
export const workerView = z.object({
  pid: z.number().nullable(),
  isServing: z.boolean().describe("it may be sent calls; not while it starts, is replaced or goes"),
  callsInFlight: z.number(),
  memoryBytes: z.number().nullable().describe("the most that it has used so far; null before its first call"),
  startMethod: z.enum(START_METHODS).describe("how its process came to be"),
  startSeconds: z.number().describe("from asking for a process to the function being ready"),
  level: z
    .object({ ownUser: z.boolean(), ownUserReason: z.string().nullable(), cgroup: z.boolean() })
    .describe("what of the isolation could be had"),
  machine: machineView.nullable().describe("the virtual machine that it is in; null where it is in none"),
  version: z.string().describe("of the code that it has loaded"),
  runtime: z.string().describe("language and version"),
});

/** The workers of a function in one instance. */
export const functionWorkers = z.object({
  function: z.string(),
  owner: z.string(),
  state: z.enum(["starting", "idle", "restarting", "ready", "failing", "stopped"]),
  reason: z.string().nullable().describe("why it cannot be loaded, or why changed code does not run"),
  version: z.string().describe('of the code that serves or served last; "" before the first'),
  isolation: z.string(),
  min: z.number(),
  max: z.number(),
  target: z.number().describe("how many workers there are to be"),
  ready: z.number().describe("how many may be sent calls"),
  utilization: z.number().describe("share of their time that they had calls lately, from 0 to 1"),
  waitingEvents: z.number().describe("that wait for a worker"),
  standbyFor: z.string().nullable().describe("who handles what one instance alone may; null: this one"),
  workers: z.array(workerView),
});

/** A decision to have more workers or fewer. */
export const scalingView = z.object({
  function: z.string(),
  at: z.string(),
  from: z.number(),
  to: z.number(),
  reason: z.string(),
});
