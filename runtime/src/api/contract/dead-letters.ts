import { z } from "zod";

/** The name of a function, in a path. */
export const functionName = z.string().min(1).max(255).describe("a function's name");

/** Id of a letter, in a path. */
export const letterId = z
  .string()
  .regex(/^\d{1,20}-\d{1,20}$/, "expected an id as the list shows it, such as 1700000000000-0");

/** An event that a function could not handle. */
export const letterView = z.object({
  id: z.string(),
  failedAt: z.string(),
  error: z.string(),
  traceback: z.string().nullable(),
  attempts: z.number(),
  source: z.string().describe("what it came from, such as topic:orders/0"),
  topic: z.string().nullable().describe("null: it came from none, and cannot be replayed"),
  partition: z.number().nullable(),
  position: z.string().nullable(),
  publishedAt: z.string().nullable(),
  key: z.string().nullable(),
  headers: z.record(z.string(), z.string()),
  value: z.unknown().describe("the event; null where it is no JSON, or is cut"),
  text: z.string().nullable().describe("what it is instead of JSON, or the beginning of it where it is cut"),
  isCut: z.boolean().describe("it is longer than 64 KiB"),
});
