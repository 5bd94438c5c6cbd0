import { z } from "zod";
import { ApiProblem } from "../problems.ts";

const MAX_LIMIT = 1_000;
const USUAL_LIMIT = 100;
const MAX_CURSOR_CHARACTERS = 1_024;

/** What every list takes in its query. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(MAX_LIMIT).default(USUAL_LIMIT).describe("How many at most"),
  after: z
    .string()
    .min(1)
    .max(MAX_CURSOR_CHARACTERS)
    .optional()
    .describe("`next` of the page before: the list goes on behind it"),
};

/** A page of a list. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    items: z.array(item),
    next: z.string().nullable().describe("Where the next page goes on; null: this is the last"),
  });
}

/**
 * Make a page of rows.
 *
 * @param rows one more than `limit` where there are more.
 * @param place what {@link placeFrom} is to give for the last row of the page.
 */
export function toPage<Row, Item>(
  rows: readonly Row[],
  limit: number,
  item: (row: Row) => Item,
  place: (row: Row) => unknown,
): { items: Item[]; next: string | null } {
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  const next = last === undefined ? null : Buffer.from(JSON.stringify(place(last))).toString("base64url");
  return { items: rows.slice(0, limit).map(item), next };
}

/**
 * Where a page goes on.
 *
 * @param shape of a place.
 * @throws ApiProblem where the cursor is none of this list.
 */
export function placeFrom<Place extends z.ZodType>(
  after: string | undefined,
  shape: Place,
): z.output<Place> | undefined {
  if (after === undefined) return undefined;
  try {
    return shape.parse(JSON.parse(Buffer.from(after, "base64url").toString()));
  } catch {
    throw new ApiProblem("invalid-request", "query: after: expected the next of the page before");
  }
}
