import { z } from "zod";
import { ApiProblem } from "./problems.ts";

const MOST = 1_000;
const USUAL = 100;

/** Query of a list: which part of it is wanted. */
export const pageQuery = z.object({
  limit: z.coerce
    .number("expected a number")
    .int()
    .min(1)
    .max(MOST)
    .default(USUAL)
    .describe("how many at most"),
  after: z.string().min(1).optional().describe("`next` of the page before"),
});

/** Answer of a list. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    items: z.array(item),
    next: z.string().nullable().describe("`after` of the next page; null: this is the last one"),
  });
}

/** A cursor that says what the last item of a page was. Nobody should read anything into it. */
export function cursorOf(last: string): string {
  return Buffer.from(last).toString("base64url");
}

/** What a cursor says. @throws ApiProblem where it is none of ours. */
export function readCursor(cursor: string): string {
  const text = Buffer.from(cursor, "base64url").toString();
  if (cursorOf(text) !== cursor) {
    throw new ApiProblem("invalid-request", "query: after: expected the `next` of a page");
  }
  return text;
}
