import { bytesSchema, durationSchema } from "@gaugelet/shared/units";
import { z } from "zod";

/** The field `workers` of a manifest: how many processes a function has, and when it has more or fewer. */
export const workersSchema = z.strictObject({
  min: z.int().min(0).optional(),
  max: z.int().min(1).optional(),
  spare: z.int().min(0).default(0),
  scaleUp: z
    .strictObject({
      utilization: z.number().gt(0).max(1).default(0.8),
      for: durationSchema.default(300),
    })
    .prefault({}),
  grow: z.enum(["count", "size"], "expected count or size").optional(),
  maxMemory: bytesSchema.optional(),
  scaleDown: z.strictObject({ idle: durationSchema.default(300) }).prefault({}),
});

/** How many workers a function has. */
export interface Workers {
  /** The fewest that are kept. 0: none while there is nothing to do. */
  readonly min: number;
  readonly max: number;
  /** Workers that are loaded and wait, besides those that work. */
  readonly spare: number;
  /** More workers when their utilization (0 to 1) stays above this one for so many seconds. */
  readonly scaleUp: { readonly utilization: number; readonly for: number };
  /**
   * What follows where virtual machines are full for long: more of them (`count`), or next ones with twice the memory
   * and processors (`size`), until `maxMemory` bytes are reached; undefined: four times `limits.memory`.
   */
  readonly grow?: "count" | "size" | undefined;
  readonly maxMemory?: number | undefined;
  /** A worker goes that had nothing to do for so many seconds. */
  readonly scaleDown: { readonly idle: number };
}

type State = "none" | "function" | "partition";

/** What contradicts itself, with the field that says it; undefined where nothing does. */
export function contradictionIn(
  { min, max }: z.output<typeof workersSchema>,
  state: State,
): { field: "min" | "max"; message: string } | undefined {
  const field = (max ?? 1) > 1 ? "max" : "min";
  if (state === "function" && ((max ?? 1) > 1 || (min ?? 1) > 1)) {
    const message =
      "expected at most 1 with state: function, whose one env and order of events only one worker can keep; " +
      "for more workers say state: none or state: partition";
    return { field, message };
  }
  if (min !== undefined && max !== undefined && min > max) {
    return { field: "min", message: `expected at most max, which is ${max}` };
  }
  return undefined;
}

/** Fill in the numbers that depend on each other and on the state. */
export function completeWorkers(given: z.output<typeof workersSchema>, state: State): Workers {
  const usualMax = state === "function" ? 1 : Math.max(4, given.min ?? 1);
  const max = given.max ?? usualMax;
  return { ...given, min: given.min ?? 1, max };
}
