/** Where a run is, or what it came to. */
export const RUN_STATUSES = [
  "waiting",
  "running",
  "completed",
  "failed",
  "timed-out",
  "killed",
  "rejected",
] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/** What called a function. */
export const TRIGGER_KINDS = [
  "http",
  "redis-key",
  "topic",
  "schedule",
  "prometheus",
  "invocation",
  "replay",
] as const;
export type TriggerKind = (typeof TRIGGER_KINDS)[number];

/** What a run used, in whole numbers, so that sums are exact. */
export interface RunUsage {
  /** Milliseconds, rounded up. */
  readonly billedMilliseconds: number;
  /** Mebibytes of memory (rounded up) times billed milliseconds. */
  readonly mebibyteMilliseconds: number;
  /** Microseconds of processor time. */
  readonly cpuMicroseconds: number;
}

/** One call of a handler: what travels through `gaugelet:runs` and is kept in SQL. Times are Unix milliseconds. */
export interface RunRecord extends RunUsage {
  /** Sortable by time; the same when the record is written twice. */
  readonly id: string;
  readonly function: string;
  readonly owner: string;
  /** The named class that it is billed as. */
  readonly class: string;
  /** Of the code: the first 12 hexadecimal digits of its digest. */
  readonly version: string;
  /** Number of the version in the catalog; null for functions of a file. */
  readonly versionNumber: number | null;
  readonly status: RunStatus;
  readonly trigger: TriggerKind;
  /** Such as `topic:orders/0`. */
  readonly source: string;
  readonly shard: string;
  /** What identifies the event, where something does. */
  readonly eventId: string | null;
  /** Who called, where a user did. */
  readonly user: string | null;
  readonly attempt: number;
  readonly queuedAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly runSeconds: number | null;
  readonly memoryPeakBytes: number | null;
  readonly diskBytes: number | null;
  readonly worker: string | null;
  /** The runtime that it ran in. */
  readonly instance: string;
  /** How the worker came to be: `fork`, `spawn`, `first`; null where it was there before. */
  readonly startMethod: string | null;
  /** JSON, in UTF-8 where it is long; cut at the limit, and then {@link isInputCut}. */
  readonly input: Buffer | string | null;
  readonly isInputCut: boolean;
  readonly output: Buffer | string | null;
  readonly isOutputCut: boolean;
  readonly error: string | null;
  readonly traceback: string | null;
  /** Lines that the handler logged or printed. */
  readonly logs: readonly string[];
}
