import { bytesSchema, durationSchema } from "@gaugelet/shared/units";
import { z } from "zod";

/** What travels in one frame. */
const MAX_FRAME_BYTES = 64 * 1024 ** 2;
/** An interpreter that has loaded nothing takes about half of it. */
const MIN_MEMORY_BYTES = 32 * 1024 ** 2;
/** An interpreter keeps some of them open itself, and its imports need more for a moment. */
const MIN_OPEN_FILES = 16;

const sendable = bytesSchema.refine((bytes) => bytes <= MAX_FRAME_BYTES, "expected at most 64Mi");

/** What one function may use. Null: no limit. */
export const limitsSchema = z.strictObject({
  /** Wall-clock seconds of one call. */
  timeout: durationSchema.default(30),
  /** CPU seconds of one call. */
  cpu: durationSchema.nullable().default(null),
  /** Bytes of memory of one worker: the interpreter, the libraries and the function. */
  memory: bytesSchema
    .refine((bytes) => bytes >= MIN_MEMORY_BYTES, "expected at least 32Mi, or null for no limit")
    .nullable()
    .default(512 * 1024 ** 2),
  /** Files and sockets that one process of a worker has open at a time. */
  openFiles: z
    .int()
    .min(MIN_OPEN_FILES, `expected at least ${MIN_OPEN_FILES}, or null for no limit`)
    .nullable()
    .default(64),
  /** Processes and threads of one worker, itself included. */
  processes: z.int().positive().nullable().default(64),
  /** Bytes that one worker writes into its scratch folder. */
  disk: bytesSchema.nullable().default(64 * 1024 ** 2),
  /** Bytes of one output. */
  output: sendable.default(1024 ** 2),
  /** Bytes of a saved `env`. */
  env: sendable.default(16 * 1024 ** 2),
  logLinesPerSecond: z.number().int().positive().default(100),
});

/** What one function may use, in seconds, bytes and counts. Null: no limit. */
export type Limits = z.output<typeof limitsSchema>;

/** What a function may use whose container is the limit: everything. */
export const CONTAINER_IS_THE_LIMIT = {
  cpu: null,
  memory: null,
  openFiles: null,
  processes: null,
  disk: null,
} as const;
