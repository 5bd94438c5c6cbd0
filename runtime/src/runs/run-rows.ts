import { isUtf8 } from "node:buffer";
import type { RunRecord, TriggerKind } from "./run-record.ts";

/**
 * Records travel as rows of text from the call to the table, divided by ASCII's own separators: what makes them,
 * passes them on and reads them copies bytes, and quotes, parses and names nothing. As bytes (UTF-8), since strings as
 * long would be moved about with V8's new objects.
 */
export const UNIT_SEPARATOR = "\x1f";
export const RECORD_SEPARATOR = "\x1e";
export const NULL = "\x1d";
/** What no text may hold: separators, and null characters, which PostgreSQL does not keep. */
const SPECIAL = ["\0", NULL, RECORD_SEPARATOR, UNIT_SEPARATOR] as const;
const ANY_SPECIAL = new RegExp(`[${SPECIAL.join("")}]`);
const EACH_SPECIAL = new RegExp(ANY_SPECIAL, "g");
/** The trigger of a run that was accepted before it was over. */
const INVOKED = Buffer.from(`${UNIT_SEPARATOR}${"invocation" satisfies TriggerKind}${UNIT_SEPARATOR}`);
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

/** A copy of an input or an output as its record has it: what is short is text at once, as it will be in its row. */
export function bodyOf(bytes: Buffer): Buffer | string {
  return bytes.length < LONG_BYTES ? bytes.toString() : Buffer.from(bytes);
}

/** Records as rows, as `gaugelet:runs` has them in its field `records`. Empty where there are none. */
export function rowsOf(records: readonly RunRecord[]): Buffer {
  const written = new WrittenRows();
  for (const record of records) written.add(record);
  return written.bytes;
}

/** Rows of several entries as rows of one; also single rows, which are some as well. */
export function joinRows(several: readonly Buffer[]): Buffer {
  const parts: Buffer[] = [];
  for (const rows of several) {
    if (rows.length === 0) continue;
    if (parts.length > 0) parts.push(BETWEEN_RECORDS);
    parts.push(rows);
  }
  return Buffer.concat(parts);
}

/** Each row by itself. */
export function splitRows(rows: Buffer): readonly Buffer[] {
  const single: Buffer[] = [];
  let start = 0;
  while (start < rows.length) {
    const found = rows.indexOf(BETWEEN_RECORDS, start);
    const end = found === -1 ? rows.length : found;
    single.push(rows.subarray(start, end));
    start = end + BETWEEN_RECORDS.length;
  }
  return single;
}

/** Whether runs of an accepted call are among them, which may be shown as waiting already. */
export function areInvoked(rows: Buffer): boolean {
  return rows.includes(INVOKED);
}

const BETWEEN_RECORDS = Buffer.from(RECORD_SEPARATOR);

/** Rows that are written one after the other: what is short as text, and what is long as the bytes that it is. */
class WrittenRows {
  readonly #parts: Buffer[] = [];
  /** What comes after these. */
  #text = "";

  /**
   * Value by value, in the order of {@link COLUMNS}: a loop over names takes half as long again. Numbers, what there is
   * a list of, and names that Gaugelet makes or checks hold nothing special; all else may.
   */
  add(run: RunRecord): void {
    if (this.#text !== "" || this.#parts.length > 0) this.#text += RECORD_SEPARATOR;
    this.#text += [
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
      "",
    ].join(UNIT_SEPARATOR);
    this.#addBody(run.input);
    this.#text += UNIT_SEPARATOR + run.isInputCut + UNIT_SEPARATOR;
    this.#addBody(run.output);
    this.#text += [
      "",
      run.isOutputCut,
      storableOrNull(run.error),
      storableOrNull(run.traceback),
      linesText(run.logs),
    ].join(UNIT_SEPARATOR);
  }

  get bytes(): Buffer {
    return Buffer.concat([...this.#parts, Buffer.from(this.#text)]);
  }

  #addBody(body: Buffer | string | null): void {
    if (body === null) this.#text += NULL;
    else if (typeof body === "string") this.#text += storable(body);
    else if (!isStorable(body)) this.#text += storable(body.toString());
    else {
      this.#parts.push(Buffer.from(this.#text), body);
      this.#text = "";
    }
  }
}

/** A body from here on takes longer to be made text, and bytes again, than to be looked through. */
const LONG_BYTES = 1024;

function isStorable(bytes: Buffer): boolean {
  return isUtf8(bytes) && !SPECIAL_CODES.some((code) => bytes.includes(code));
}

const SPECIAL_CODES = SPECIAL.map((character) => character.charCodeAt(0));

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
  const shown = ANY_SPECIAL.test(text) ? text.replaceAll(EACH_SPECIAL, pictureOf) : text;
  return shown.toWellFormed();
}

function pictureOf(character: string): string {
  return String.fromCharCode(CONTROL_PICTURES + character.charCodeAt(0));
}
