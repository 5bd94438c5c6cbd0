import { z } from "zod";
import { isDay } from "../usage/calendar.ts";
import { dateOf, type RunBatch } from "./run-batch.ts";
import { storable } from "./run-rows.ts";

/** The field `usage` of an entry of `gaugelet:runs`. */
export function usageText({ usage }: RunBatch): string {
  return JSON.stringify(
    usage.map(({ of, day, ...sums }): UsageEntry => ({ day: dateOf(day), ...of, ...sums })),
  );
}

const amount = z.int().nonnegative();
/** A name that indexes hold. */
const name = z.string().transform(storable).pipe(z.string().max(255));
/** Redis' scripts have no numbers as long as sums may become. */
const sum = z.union([amount, z.string().regex(/^\d{1,30}$/)]);
/** What the database would refuse keeps all that comes after it out, too. */
const count = z.union([amount, z.string().regex(/^\d{1,17}$/)]);

const usageEntry = z.object({
  day: z.string().refine(isDay),
  owner: name,
  function: name,
  class: name,
  runs: count,
  billedMilliseconds: sum,
  mebibyteMilliseconds: sum,
  cpuMicroseconds: sum,
});

/** What runs of one day used, as it travels. */
export type UsageEntry = z.output<typeof usageEntry>;

/** Read the usage of an entry; undefined where a stranger wrote it. */
export function readUsage(json: string): UsageEntry[] | undefined {
  return z.array(usageEntry).safeParse(parse(json)).data;
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
