import { z } from "zod";
import { parseExactly } from "../../exact-json.ts";
import { type RunSummary, type StoredRun, summaryOf } from "../../runs/find-runs.ts";
import { RUN_STATUSES, type RunUsage, TRIGGER_KINDS } from "../../runs/run-record.ts";

const time = z.iso.datetime();
const seconds = z.number().nonnegative();

/** What a run used, and what it costs. */
const usage = {
  billedSeconds: seconds.describe("Time in the handler, rounded up to milliseconds"),
  mebibyteSeconds: z.number().nonnegative().describe("That times the peak memory, rounded up to mebibytes"),
  cpuSeconds: seconds,
  cost: z.string().nullable().describe("A decimal number; null where there is no price list"),
};

/** What lists say of a run. */
export const runSummary = z.object({
  id: z.string(),
  function: z.string(),
  owner: z.string(),
  class: z.string(),
  version: z.string().describe("First 12 digits of the code's digest"),
  versionNumber: z.int().nullable().describe("In the catalog"),
  status: z.enum(RUN_STATUSES),
  trigger: z.enum(TRIGGER_KINDS),
  source: z.string(),
  shard: z.string(),
  eventId: z.string().nullable(),
  user: z.string().nullable(),
  attempt: z.int(),
  queuedAt: time,
  startedAt: time.nullable(),
  finishedAt: time.nullable(),
  queueSeconds: seconds.nullable(),
  runSeconds: seconds.nullable(),
  ...usage,
  memoryPeakBytes: z.number().nullable(),
  diskBytes: z.number().nullable(),
  worker: z.string().nullable(),
  instance: z.string(),
  startMethod: z.string().nullable(),
  outputStart: z.string().nullable().describe("First 120 characters of the output, as JSON"),
  error: z.string().nullable(),
});

/** A run in full. */
export const runInFull = runSummary.omit({ outputStart: true }).extend({
  input: z.unknown().describe("JSON; text where it is cut, or is no JSON"),
  isInputCut: z.boolean(),
  output: z.unknown(),
  isOutputCut: z.boolean(),
  traceback: z.string().nullable(),
  logs: z.array(z.string()),
});

export const usageAnswer = z.object(usage);

/** What a run costs; null where nobody says. */
export type CostOf = (
  run: RunUsage & {
    readonly owner: string;
    readonly function: string;
    readonly class: string;
    readonly queuedAt: Date;
  },
) => string | null;

/** A summary as the API says it; what it has besides is left out when it is sent. */
export function summaryAnswer(run: RunSummary, costOf: CostOf): z.input<typeof runSummary> {
  const { queuedAt, startedAt, finishedAt } = run;
  return {
    ...run,
    queuedAt: queuedAt.toISOString(),
    startedAt: startedAt?.toISOString() ?? null,
    finishedAt: finishedAt?.toISOString() ?? null,
    queueSeconds: startedAt === null ? null : Math.max(0, startedAt.getTime() - queuedAt.getTime()) / 1000,
    ...usageOfRun(run),
    cost: costOf(run),
  };
}

/** A run in full as the API says it. */
export function runAnswer(run: StoredRun, costOf: CostOf): z.input<typeof runInFull> {
  return {
    ...run,
    ...summaryAnswer(summaryOf(run), costOf),
    input: readJson(run.input),
    output: readJson(run.output),
    logs: [...run.logs],
  };
}

/** What a run used, in the API's units. */
export function usageOfRun(
  run: RunUsage,
): Pick<z.input<typeof usageAnswer>, "billedSeconds" | "mebibyteSeconds" | "cpuSeconds"> {
  return {
    billedSeconds: run.billedMilliseconds / 1e3,
    mebibyteSeconds: run.mebibyteMilliseconds / 1e3,
    cpuSeconds: run.cpuMicroseconds / 1e6,
  };
}

function readJson(json: string | null): unknown {
  if (json === null) return null;
  try {
    return parseExactly(json);
  } catch {
    return json;
  }
}
