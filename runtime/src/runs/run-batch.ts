import type { RunRecord, RunUsage } from "./run-record.ts";

/** Records that hold more than this, of one step, are left out; their usage is counted. */
const MOST_BYTES = 16 * 1024 ** 2;
/** What a record has beside what may be long. */
const BESIDE_BYTES = 1024;

/** Whose usage it is. One object for each function. */
export interface UsageOwner {
  readonly owner: string;
  readonly function: string;
  /** The named class that it is billed as. */
  readonly class: string;
}

/** A run that is over, until it is stored. */
export interface FinishedRun extends RunUsage {
  readonly of: UsageOwner;
  /** Days since 1970 in UTC, of the time that it was queued. */
  readonly day: number;
  /** Undefined where it is counted and not recorded. */
  readonly record: RunRecord | undefined;
}

/** What runs of one day used. */
export interface UsageSum {
  readonly of: UsageOwner;
  readonly day: number;
  runs: number;
  billedMilliseconds: number;
  mebibyteMilliseconds: number;
  cpuMicroseconds: number;
}

/** The runs of one step of the store: those that are recorded, and what all of them used. */
export class RunBatch {
  readonly records: RunRecord[] = [];
  /** One for each day and owner: rarely more than one. */
  readonly usage: UsageSum[] = [];
  /** About what the records take. */
  bytes = 0;

  add(run: FinishedRun): void {
    this.#count(run.of, run.day, 1, run);
    if (run.record !== undefined) this.#keep(run.record);
  }

  /** Add what newer runs came to. */
  join({ records, usage }: RunBatch): void {
    for (const sum of usage) this.#count(sum.of, sum.day, sum.runs, sum);
    for (const record of records) this.#keep(record);
  }

  #keep(record: RunRecord): void {
    const bytes = sizeOf(record);
    if (this.bytes + bytes > MOST_BYTES) return;
    this.bytes += bytes;
    this.records.push(record);
  }

  #count(of: UsageOwner, day: number, runs: number, used: RunUsage): void {
    let sum = this.usage[0];
    if (sum === undefined || sum.day !== day || sum.of !== of) {
      sum = this.usage.find((each) => each.day === day && each.of === of);
    }
    if (sum === undefined) {
      sum = { of, day, runs: 0, billedMilliseconds: 0, mebibyteMilliseconds: 0, cpuMicroseconds: 0 };
      this.usage.push(sum);
    }
    sum.runs += runs;
    sum.billedMilliseconds += used.billedMilliseconds;
    sum.mebibyteMilliseconds += used.mebibyteMilliseconds;
    sum.cpuMicroseconds += used.cpuMicroseconds;
  }
}

function sizeOf({ input, output, error, traceback, logs }: RunRecord): number {
  let size = BESIDE_BYTES;
  for (const text of [input, output, error, traceback]) size += text?.length ?? 0;
  for (const line of logs) size += line.length;
  return size;
}

/** Of a day as {@link FinishedRun} counts it, such as `2026-11-26`. */
export function dateOf(day: number): string {
  return new Date(day * MILLISECONDS_OF_DAY).toISOString().slice(0, 10);
}

export const MILLISECONDS_OF_DAY = 24 * 3600 * 1000;
