import { z } from "zod";
import { ApiProblem } from "../problems.ts";

/** How much of a list is asked for. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(1000).default(100).describe("How many at most, up to 1,000"),
  after: z.string().max(1000).optional().describe("`next` of the page before"),
};

/** A list of things, and where the next page begins. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), next: z.string().nullable() });
}

/** Text that a client gives back as it is. */
export function writeCursor(parts: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(parts)).toString("base64url");
}

/**
 * Read what {@link writeCursor} wrote.
 *
 * @throws ApiProblem where it is something else.
 */
export function readCursor<Parts extends z.ZodType>(text: string, parts: Parts): z.output<Parts> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(text, "base64url").toString());
  } catch {
    value = undefined;
  }
  const read = parts.safeParse(value);
  if (read.success) return read.data;
  throw new ApiProblem("invalid-request", "query: after: expected `next` of a page of this list");
}
