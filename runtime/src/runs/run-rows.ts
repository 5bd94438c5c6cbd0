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

/** All columns of a run that its record has, in the order of a row. */
export const COLUMNS: readonly (readonly [column: string, field: keyof RunRecord, kind: ValueKind])[] = [
  ["id", "id", "text"],
  ["queued_at", "queuedAt", "time"],
  ["function", "function", "text"],
  ["owner", "owner", "text"],
  ["class", "class", "text"],
  ["version", "version", "text"],
  ["version_number", "versionNumber", "integer"],
  ["status", "status", "text"],
  ["trigger", "trigger", "text"],
  ["source", "source", "text"],
  ["shard", "shard", "text"],
  ["event_id", "eventId", "text"],
  ["user", "user", "text"],
  ["attempt", "attempt", "integer"],
  ["started_at", "startedAt", "time"],
  ["finished_at", "finishedAt", "time"],
  ["run_seconds", "runSeconds", "real"],
  ["billed_milliseconds", "billedMilliseconds", "bigint"],
  ["mebibyte_milliseconds", "mebibyteMilliseconds", "bigint"],
  ["cpu_microseconds", "cpuMicroseconds", "bigint"],
  ["memory_peak_bytes", "memoryPeakBytes", "bigint"],
  ["disk_bytes", "diskBytes", "bigint"],
  ["worker", "worker", "text"],
  ["instance", "instance", "text"],
  ["start_method", "startMethod", "text"],
  ["input", "input", "text"],
  ["is_input_cut", "isInputCut", "boolean"],
  ["output", "output", "text"],
  ["is_output_cut", "isOutputCut", "boolean"],
  ["error", "error", "text"],
  ["traceback", "traceback", "text"],
  ["logs", "logs", "lines"],
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

function rowOf(record: RunRecord): string {
  let row = "";
  for (const [, field, kind] of COLUMNS) {
    const value = record[field];
    if (row !== "") row += UNIT_SEPARATOR;
    if (value === null) row += NULL;
    else if (kind === "text") row += storable(value as string);
    else if (kind === "lines") row += linesText(value as readonly string[]);
    else row += value;
  }
  return row;
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
