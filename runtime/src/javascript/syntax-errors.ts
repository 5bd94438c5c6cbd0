import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** How Node begins the stack of a syntax error, where it says where that is. */
const PLACE = /^(?<file>(?:file:\/\/|\/)[^\n]*):(?<line>\d+)\n/;
const IMPORT = /\b(?:import|from|require)\s*\(?\s*["'](?<path>\.{1,2}\/[^"']+)["']/g;
const MAX_FILES = 1_000;
/** Each takes a process: some ten milliseconds. */
const MAX_CHECKED_FILES = 20;
const CHECK_MILLISECONDS = 5_000;

/** Where a syntax error is. */
export interface SyntaxErrorPlace {
  readonly file: string;
  readonly line: number;
  /** The line. */
  readonly text: string;
}

/**
 * Find where a syntax error is. Node does not say it of an ES module that was imported from code, so the
 * modules are looked through with the parser that strips types, and where that finds nothing wrong (a name that
 * is declared twice, for one) by Node's own.
 *
 * @param entry the file that was imported.
 * @returns undefined where both find nothing wrong.
 */
export function locateSyntaxError(error: SyntaxError, entry: string): SyntaxErrorPlace | undefined {
  return placeOf(error) ?? search(entry);
}

function search(entry: string): SyntaxErrorPlace | undefined {
  const files = new Set([entry]);
  // The set grows while it is gone through.
  for (const file of files) {
    let source: string;
    try {
      source = readFileSync(file, "utf8");
    } catch {
      continue;
    }
    try {
      stripTypeScriptTypes(source, { mode: "strip", sourceUrl: file });
    } catch (error) {
      return placeOf(error as Error);
    }
    for (const { groups } of source.matchAll(IMPORT)) {
      if (files.size < MAX_FILES) files.add(resolve(dirname(file), groups?.path ?? ""));
    }
  }
  for (const file of [...files].slice(0, MAX_CHECKED_FILES)) {
    const place = check(file);
    if (place !== undefined) return place;
  }
  return undefined;
}

/** What Node says of a module as a program's text, which it does not run. */
function check(file: string): SyntaxErrorPlace | undefined {
  try {
    const input = stripTypeScriptTypes(readFileSync(file, "utf8"), { mode: "strip" });
    const { stderr } = spawnSync(process.execPath, ["--input-type=module", "--check", "-"], {
      input,
      encoding: "utf8",
      timeout: CHECK_MILLISECONDS,
    });
    const line = /^\[stdin\]:(\d+)\n/.exec(stderr)?.[1];
    return line === undefined ? undefined : placeAt(file, Number(line));
  } catch {
    // No such module, or no process to be had.
    return undefined;
  }
}

function placeOf(error: Error): SyntaxErrorPlace | undefined {
  const { file = "", line } = PLACE.exec(String(error.stack))?.groups ?? {};
  if (line === undefined) return undefined;
  return placeAt(file.startsWith("file:") ? fileURLToPath(file) : file, Number(line));
}

function placeAt(file: string, line: number): SyntaxErrorPlace | undefined {
  try {
    const text = readFileSync(file, "utf8").split("\n")[line - 1] ?? "";
    return { file, line, text: text.trimEnd() };
  } catch {
    return undefined;
  }
}
