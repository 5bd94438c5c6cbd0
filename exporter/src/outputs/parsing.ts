import type { DropReason } from "../drops.ts";
import type { Container } from "../mapping/document.ts";

/**
 * Read an output's text, or say why it is no output.
 *
 * @param allowList whether the document may be a list as a whole: no output is, but documents elsewhere are.
 */
export function parseOutput(text: string, allowList: boolean): Container | DropReason {
  // Some programs begin a document with a mark of its byte order.
  const value = parseJson(text.startsWith("\ufeff") ? text.slice(1) : text);
  if (value === undefined) return "not_json";
  if (value === null || typeof value !== "object") return "not_object";
  return Array.isArray(value) && !allowList ? "not_object" : (value as Container);
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
