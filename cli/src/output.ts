import { EXIT_CODES } from "./failure.ts";

/** Where a command's output goes. */
export interface Streams {
  readonly out: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly error: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/** A column of a table. */
export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => unknown;
}

/** Says what a command came to: text for people, or JSON for programs. */
export class Output {
  readonly #streams: Streams;
  readonly isJson: boolean;

  constructor(streams: Streams, isJson: boolean) {
    this.#streams = streams;
    this.isJson = isJson;
  }

  /** A result: JSON where that is asked for, else the lines. */
  result(value: unknown, lines: () => readonly string[]): void {
    if (this.isJson) this.#print(JSON.stringify(value, null, 2));
    else for (const line of lines()) this.#print(line);
  }

  /** One of several results that come one after the other: a line of JSON each where that is asked for. */
  item(value: unknown, lines: () => readonly string[]): void {
    if (this.isJson) this.#print(JSON.stringify(value));
    else for (const line of lines()) this.#print(line);
  }

  table<Row>(rows: readonly Row[], columns: readonly Column<Row>[], none: string): void {
    this.result(rows, () => (rows.length === 0 ? [none] : tableLines(rows, columns)));
  }

  /** Text as it is, such as a script. */
  raw(text: string): void {
    this.#streams.out.write(text);
  }

  /** What is under way: on a terminal alone. */
  progress(text: string): void {
    if (this.#streams.error.isTTY) this.#streams.error.write(`${text}\n`);
  }

  /** What people should know besides the result. */
  note(text: string): void {
    this.#streams.error.write(`${text}\n`);
  }

  #print(line: string): void {
    this.#streams.out.write(`${line}\n`);
  }
}

/**
 * Have a process end quietly when nobody reads its output any more, as with `| head -1`. What it says besides may go
 * unread: what it was asked for is done all the same.
 */
export function endWithReader(ended: Pick<NodeJS.Process, "stdout" | "stderr" | "exit">): void {
  ended.stdout.on("error", ({ code, message }: NodeJS.ErrnoException) => {
    if (code === "EPIPE") ended.exit();
    ended.stderr.write(`the output cannot be written: ${message}\n`);
    ended.exit(EXIT_CODES.failed);
  });
  ended.stderr.on("error", () => {});
}

export function tableLines<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string[] {
  const cells = [
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map(({ value }) => shown(value(row)))),
  ];
  // One after the other: there may be more rows than a function takes arguments.
  const widths = columns.map((_, at) =>
    cells.reduce((most, line) => Math.max(most, line[at]?.length ?? 0), 0),
  );
  return cells.map((line) =>
    line
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

/** What other users wrote must not reach a terminal as commands to it. */
export function shown(value: unknown): string {
  if (value === null || value === undefined || value === "") return "-";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value as string | number);
  return printable(text.replaceAll(/\s*\n\s*/g, " "));
}

const ROUNDED = new Intl.NumberFormat("en-US", {
  useGrouping: false,
  maximumFractionDigits: 3,
  maximumSignificantDigits: 4,
  roundingPriority: "morePrecision",
});

/**
 * Numbers as people read them: to four digits, or to three behind the point where that is more.
 *
 * @param value a number, also one that is written in a string, or what numbers are in; anything else stays as it is.
 */
export function rounded(value: unknown): unknown {
  if (typeof value === "string") return /^-?\d+\.\d+$/.test(value) ? ROUNDED.format(Number(value)) : value;
  if (typeof value === "number") return Number.isInteger(value) ? value : ROUNDED.format(value);
  if (typeof value !== "object" || value === null) return value;
  return JSON.parse(JSON.stringify(value), (_, part: unknown) =>
    typeof part === "number" ? Number(ROUNDED.format(part)) : part,
  );
}

/** Text as the last argument of a command that may be copied into a shell; no option, whatever it begins with. */
export function shellArgument(text: string): string {
  const word = /^[\w./:@%+,=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
  return text.startsWith("-") ? `-- ${word}` : word;
}

/** Text without characters that a terminal obeys; lines and tabs stay. */
export function printable(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n\t]/gu, "\ufffd");
}
