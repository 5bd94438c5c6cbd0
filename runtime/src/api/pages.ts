import { z } from "zod";
import { ApiProblem } from "./problems.ts";

const USUAL_LIMIT = 100;
const GREATEST_LIMIT = 1_000;

/** The fields of a query that say which part of a list is wanted. */
export const pageQuery = {
  limit: z.coerce
    .number("expected a number")
    .int()
    .min(1)
    .max(GREATEST_LIMIT)
    .default(USUAL_LIMIT)
    .describe("Most items of the answer."),
  after: z
    .string()
    .max(1_000)
    .optional()
    .describe("Where to go on: `next` of the answer before; without it the list begins."),
};

/** The answer of a list. `next` is null at its end. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), next: z.string().nullable() });
}

/** Name a place in a list, for whoever asks for what is behind it. */
export function writeCursor(place: unknown): string {
  return Buffer.from(JSON.stringify(place)).toString("base64url");
}

/**
 * The place that a cursor names.
 *
 * @throws ApiProblem where it is none of this list's.
 */
export function readCursor<Place>(schema: z.ZodType<Place>, cursor: string | undefined): Place | undefined {
  if (cursor === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(Buffer.from(cursor, "base64url").toString()));
  } catch {
    throw new ApiProblem("invalid-request", "query: after: expected the next of an answer of this list");
  }
}
