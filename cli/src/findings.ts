import { printable } from "./output.ts";

/** Something that was found in code. */
export interface Finding {
  readonly severity: string;
  /** "": it is about the package as a whole. */
  readonly file: string;
  readonly line: number | null;
  readonly column: number | null;
  readonly message: string;
  readonly rule?: string;
}

/** Findings in an answer; none where it has none. */
export function findingsIn(value: unknown): Finding[] {
  return Array.isArray(value) ? (value as Finding[]) : [];
}

/** Findings as compilers write theirs, so that editors find the place. @param folder for those of no file. */
export function findingLines(findings: readonly Finding[], folder: string): string[] {
  return findings.map(({ severity, file, line, column, message, rule }) => {
    const place = [file === "" ? folder : file, line, column].filter((part) => part !== null).join(":");
    const named = rule === undefined || rule === "" ? "" : ` (${rule})`;
    return printable(`${place}: ${severity}: ${message}${named}`);
  });
}
