import type { DropReason } from "../drops.ts";

/** Read an output's bytes, or say why they are no output. */
export function parseOutput(bytes: Buffer): object | DropReason {
  const value = parseJson(bytes.toString("utf8"));
  if (value === undefined) return "not_json";
  return value === null || typeof value !== "object" || Array.isArray(value) ? "not_object" : value;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Python's json.dumps writes NaN and Infinity, which are not JSON. One such number should not cost all the
    // others, so a number that is too large for a double takes its place: it is dropped as not finite.
    // An unfinished string reaches to the end, so that no quote in it is tried as the start of another one.
    const tokens = /"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?$)|\b(?:NaN|Infinity)\b/gs;
    const readable = text.replace(tokens, (token) => (token.startsWith('"') ? token : "1e999"));
    try {
      return readable === text ? undefined : JSON.parse(readable);
    } catch {
      return undefined;
    }
  }
}
