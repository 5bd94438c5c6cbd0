import { parseExactly } from "../exact-json.ts";

/** What stands for a value that is not recorded. */
export const REDACTED = "[redacted]";

/**
 * JSON with the values of some fields replaced, whatever they are.
 *
 * @param paths names of fields, of nested ones with dots between; a list on the way means each of its elements.
 * @returns undefined where the text is no JSON, or is nested too deeply to be looked through.
 */
export function redact(json: string, paths: readonly string[]): string | undefined {
  try {
    const value = parseExactly(json);
    for (const path of paths) hide(value, path.split("."));
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

function hide(value: unknown, [name = "", ...rest]: readonly string[]): void {
  if (Array.isArray(value)) {
    for (const element of value) hide(element, [name, ...rest]);
    return;
  }
  if (value === null || typeof value !== "object" || !Object.hasOwn(value, name)) return;
  const fields = value as Record<string, unknown>;
  if (rest.length === 0) fields[name] = REDACTED;
  else hide(fields[name], rest);
}
