import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** How Node begins the stack of a syntax error, where it says where that is. */
const PLACE = /^(?<file>(?:file:\/\/|\/)[^\n]*):(?<line>\d+)\n/;
const IMPORT = /\b(?:import|from|require)\s*\(?\s*["'](?<path>\.{1,2}\/[^"']+)["']/g;
const MAX_FILES = 1_000;

/** Where a syntax error is. */
export interface SyntaxErrorPlace {
  readonly file: string;
  readonly line: number;
  /** The line. */
  readonly text: string;
}

/**
 * Find where a syntax error is. Node does not say it of an ES module that was imported from code, so the
 * modules are looked through with the parser that strips types.
 *
 * @param entry the file that was imported.
 * @returns undefined where that parser finds nothing wrong.
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
  return undefined;
}

function placeOf(error: Error): SyntaxErrorPlace | undefined {
  const { file = "", line } = PLACE.exec(String(error.stack))?.groups ?? {};
  if (line === undefined) return undefined;
  const path = file.startsWith("file:") ? fileURLToPath(file) : file;
  try {
    const text = readFileSync(path, "utf8").split("\n")[Number(line) - 1] ?? "";
    return { file: path, line: Number(line), text: text.trimEnd() };
  } catch {
    return undefined;
  }
}
