/** One thing found in uploaded code. */
export interface Finding {
  readonly severity: "error" | "warning";
  /** Path inside the package; "" for what is about the package as a whole. */
  readonly file: string;
  /** From 1; null where it is about the whole file. */
  readonly line: number | null;
  /** Character of the line, from 1; null where that is not known. */
  readonly column: number | null;
  readonly message: string;
  /** What was broken, such as `SyntaxError`, `entry-point` or the name of one of pyflakes' messages. */
  readonly rule: string;
}

/** Uploaded code that cannot be stored. The message names the first error, `findings` has all of them. */
export class UploadError extends Error {
  override readonly name = "UploadError";
  /** Errors first, then warnings; in the order of files and lines. */
  readonly findings: readonly Finding[];

  constructor(findings: readonly Finding[]) {
    const sorted = sortFindings(findings);
    const errors = sorted.filter(({ severity }) => severity === "error").length;
    const others = errors > 1 ? ` (and ${errors - 1} more)` : "";
    super(`the code cannot be stored: ${sorted[0] === undefined ? "" : describeFinding(sorted[0])}${others}`);
    this.findings = sorted;
  }
}

/** Errors first, then by file and place. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  return findings.toSorted(
    (one, other) =>
      severityOf(one) - severityOf(other) ||
      compare(one.file, other.file) ||
      (one.line ?? 0) - (other.line ?? 0) ||
      (one.column ?? 0) - (other.column ?? 0),
  );
}

/** `handler.py:3:7: undefined name 'x'`. */
function describeFinding({ file, line, column, message }: Finding): string {
  const place = [file, line, column].filter((each) => each !== null && each !== "").join(":");
  return place === "" ? message : `${place}: ${message}`;
}

function severityOf({ severity }: Finding): number {
  return severity === "error" ? 0 : 1;
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
