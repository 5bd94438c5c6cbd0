import type { RunRecord, TriggerKind } from "./run-record.ts";

/**
 * Records travel as rows of text from the call to the table, divided by ASCII's own separators: what makes them,
 * passes them on and reads them copies text, and quotes, parses and names nothing.
 */
export const UNIT_SEPARATOR = "\x1f";
export const RECORD_SEPARATOR = "\x1e";
export const NULL = "\x1d";
/** What no text may hold: separators, and null characters, which PostgreSQL does not keep. */
const SPECIAL = ["\0", NULL, RECORD_SEPARATOR, UNIT_SEPARATOR] as const;
/** The trigger of a run that was accepted before it was over. */
const INVOKED = `${UNIT_SEPARATOR}${"invocation" satisfies TriggerKind}${UNIT_SEPARATOR}`;
/** The block of Unicode with pictures of the control characters, in their order. */
const CONTROL_PICTURES = 0x2400;

/** How a value is written in a row, and read by the database. */
export type ValueKind = "text" | "time" | "boolean" | "integer" | "bigint" | "real" | "lines";

/** All columns of a run that its record has, in the order of {@link rowOf}. */
export const COLUMNS: readonly (readonly [column: string, kind: ValueKind])[] = [
  ["id", "text"],
  ["queued_at", "time"],
  ["function", "text"],
  ["owner", "text"],
  ["class", "text"],
  ["version", "text"],
  ["version_number", "integer"],
  ["status", "text"],
  ["trigger", "text"],
  ["source", "text"],
  ["shard", "text"],
  ["event_id", "text"],
  ["user", "text"],
  ["attempt", "integer"],
  ["started_at", "time"],
  ["finished_at", "time"],
  ["run_seconds", "real"],
  ["billed_milliseconds", "bigint"],
  ["mebibyte_milliseconds", "bigint"],
  ["cpu_microseconds", "bigint"],
  ["memory_peak_bytes", "bigint"],
  ["disk_bytes", "bigint"],
  ["worker", "text"],
  ["instance", "text"],
  ["start_method", "text"],
  ["input", "text"],
  ["is_input_cut", "boolean"],
  ["output", "text"],
  ["is_output_cut", "boolean"],
  ["error", "text"],
  ["traceback", "text"],
  ["logs", "lines"],
];

/** Records as rows, as `gaugelet:runs` has them in its field `records`. Empty where there are none. */
export function rowsOf(records: readonly RunRecord[]): string {
  return joinRows(records.map(rowOf));
}

/** Rows of several entries as rows of one; also single rows, which are some as well. */
export function joinRows(several: readonly string[]): string {
  return several.filter((rows) => rows !== "").join(RECORD_SEPARATOR);
}

/** Each row by itself. */
export function splitRows(rows: string): readonly string[] {
  return rows === "" ? [] : rows.split(RECORD_SEPARATOR);
}

/** Whether runs of an accepted call are among them, which may be shown as waiting already. */
export function areInvoked(rows: string): boolean {
  return rows.includes(INVOKED);
}

/**
 * Value by value, in the order of {@link COLUMNS}: a loop over names takes half as long again. Numbers, what there is a
 * list of, and names that Gaugelet makes or checks hold nothing special; all else may.
 */
function rowOf(run: RunRecord): string {
  return [
    run.id,
    run.queuedAt,
    run.function,
    storable(run.owner),
    storable(run.class),
    run.version,
    run.versionNumber ?? NULL,
    run.status,
    run.trigger,
    storable(run.source),
    storable(run.shard),
    storableOrNull(run.eventId),
    storableOrNull(run.user),
    run.attempt,
    run.startedAt ?? NULL,
    run.finishedAt ?? NULL,
    run.runSeconds ?? NULL,
    run.billedMilliseconds,
    run.mebibyteMilliseconds,
    run.cpuMicroseconds,
    run.memoryPeakBytes ?? NULL,
    run.diskBytes ?? NULL,
    run.worker ?? NULL,
    storable(run.instance),
    run.startMethod ?? NULL,
    storableOrNull(run.input),
    run.isInputCut,
    storableOrNull(run.output),
    run.isOutputCut,
    storableOrNull(run.error),
    storableOrNull(run.traceback),
    linesText(run.logs),
  ].join(UNIT_SEPARATOR);
}

function storableOrNull(text: string | null): string {
  return text === null ? NULL : storable(text);
}

/** In JSON the database takes neither null characters nor halves of characters, not even where they are escaped. */
function linesText(lines: readonly string[]): string {
  if (lines.length === 0) return "[]";
  return JSON.stringify(lines.map(storable));
}

/** As the database keeps it: some control characters are shown by their pictures, and no character is half. */
export function storable(text: string): string {
  let shown = text;
  for (const character of SPECIAL) {
    if (!shown.includes(character)) continue;
    shown = shown.replaceAll(character, String.fromCharCode(CONTROL_PICTURES + character.charCodeAt(0)));
  }
  return shown.toWellFormed();
}
