import { z } from "zod";

/** What a class is worth where several want the same: see `dispatcher/intake.ts`. */
const WEIGHTS = { standard: 1, premium: 4 } as const;

export const CLASS_NAMES = ["standard", "premium"] as const;
export type ClassName = (typeof CLASS_NAMES)[number];

/** The class of a function or of a topic's events: a name, or a weight of its own. */
export const classSchema = z.union(
  [z.enum(CLASS_NAMES), z.number().positive().max(100)],
  "expected standard, premium, or a weight above 0 and up to 100",
);

/** A named class, or a weight. */
export type Class = z.output<typeof classSchema>;

/** Twice the weight is given twice as much. */
export function weightOf(of: Class): number {
  return typeof of === "number" ? of : WEIGHTS[of];
}

/** The named class that a weight belongs to: what a runtime serves is said by name. */
export function nameOf(of: Class): ClassName {
  if (typeof of === "string") return of;
  return of >= WEIGHTS.premium ? "premium" : "standard";
}
