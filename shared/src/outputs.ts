import { z } from "zod";

/** One field of the hash {@link OUTPUTS_KEY}: who stored an output, and when. */
const outputEntrySchema = z.object({
  /** Name of the function that stored the output. */
  function: z.string(),
  /** Version of the function: a short digest of its code. */
  version: z.string(),
  /** When the output was last stored, in milliseconds since the Unix epoch. */
  storedAt: z.number(),
  /** Age in seconds at which readers should take the output for stale; null: never. */
  staleAfter: z.number().positive().nullable().default(null),
  /** The part of the key that a pattern matched, for functions that keep one output per shard. */
  shard: z.string().optional(),
  /** Its function stores at another key by now: for readers there is no output here. */
  left: z.literal(true).optional(),
});

/** What {@link OUTPUTS_KEY} holds for one output key. */
export type OutputEntry = z.infer<typeof outputEntrySchema>;

/** Read one field of {@link OUTPUTS_KEY}; undefined where it is not an entry (a stranger wrote it). */
export function parseOutputEntry(json: string): OutputEntry | undefined {
  try {
    return outputEntrySchema.safeParse(JSON.parse(json)).data;
  } catch {
    return undefined;
  }
}

/**
 * An output of a function that has stored at another key, for the same shard, so many milliseconds later is one from
 * before its key was changed: where that came with a restart, no runtime knew which it had been.
 */
const OVERTAKEN_MILLISECONDS = 60_000;

/** Keys of outputs whose functions store at other keys by now. @param entries those that are left already count for nothing. */
export function overtakenOutputs(entries: Iterable<readonly [key: string, entry: OutputEntry]>): Set<string> {
  const there = [...entries].filter(([, { left }]) => !left);
  const newest = new Map<string, number>();
  for (const [, entry] of there) {
    const origin = originOf(entry);
    newest.set(origin, Math.max(entry.storedAt, newest.get(origin) ?? 0));
  }
  const overtaken = there.filter(
    ([, entry]) => (newest.get(originOf(entry)) ?? 0) - entry.storedAt > OVERTAKEN_MILLISECONDS,
  );
  return new Set(overtaken.map(([key]) => key));
}

function originOf({ function: name, shard = "" }: OutputEntry): string {
  return `${name}\0${shard}`;
}
