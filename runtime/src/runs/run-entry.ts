import { z } from "zod";
import { dateOf, type RunBatch } from "./run-batch.ts";
import { RUN_STATUSES, TRIGGER_KINDS } from "./run-record.ts";

/** The field `records` of an entry of `gaugelet:runs`. */
export function recordsText({ records }: RunBatch): string {
  return JSON.stringify(records);
}

/** The field `usage` of an entry. */
export function usageText({ usage }: RunBatch): string {
  return JSON.stringify(
    usage.map(({ of, day, ...sums }): UsageEntry => ({ day: dateOf(day), ...of, ...sums })),
  );
}

const amount = z.int().nonnegative();
const time = amount.max(8.64e15);
const text = z.string().transform(storable);

/** A name that indexes hold. */
const name = text.pipe(z.string().max(255));
/** Redis' scripts have no numbers as long as sums may become. */
const sum = z.union([amount, z.string().regex(/^\d{1,30}$/)]);

const usageEntry = z.object({
  day: z.iso.date(),
  owner: name,
  function: name,
  class: name,
  runs: sum,
  billedMilliseconds: sum,
  mebibyteMilliseconds: sum,
  cpuMicroseconds: sum,
});

/** What runs of one day used, as it travels. */
export type UsageEntry = z.output<typeof usageEntry>;

const record = z.object({
  id: text.pipe(z.string().min(1).max(64)),
  function: name,
  owner: name,
  class: name,
  version: text,
  versionNumber: z.int32().nullable(),
  status: z.enum(RUN_STATUSES),
  trigger: z.enum(TRIGGER_KINDS),
  source: text,
  shard: text,
  eventId: text.nullable(),
  user: name.nullable(),
  attempt: z.int32(),
  queuedAt: time,
  startedAt: time.nullable(),
  finishedAt: time.nullable(),
  runSeconds: z.number().max(1e9).nullable(),
  billedMilliseconds: amount,
  mebibyteMilliseconds: amount,
  cpuMicroseconds: amount,
  memoryPeakBytes: amount.nullable(),
  diskBytes: amount.nullable(),
  worker: text.nullable(),
  instance: text,
  startMethod: text.nullable(),
  input: text.nullable(),
  isInputCut: z.boolean(),
  output: text.nullable(),
  isOutputCut: z.boolean(),
  error: text.nullable(),
  traceback: text.nullable(),
  logs: z.array(text),
});

/** Read the usage of an entry; undefined where a stranger wrote it. */
export function readUsage(json: string): UsageEntry[] | undefined {
  return z.array(usageEntry).safeParse(parse(json)).data;
}

/**
 * Read the records of an entry one by one, as the database can keep them.
 *
 * @returns those that are records, and how many are none.
 */
export function readRecords(json: string): { readonly records: readonly object[]; readonly refused: number } {
  const values = parse(json);
  if (!Array.isArray(values)) return { records: [], refused: 1 };
  const records = values.flatMap((value) => record.safeParse(value).data ?? []);
  return { records, refused: values.length - records.length };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** PostgreSQL keeps no null characters, and no halves of characters. */
function storable(value: string): string {
  return value.replaceAll("\0", "\uFFFD").toWellFormed();
}
