import { isDeepStrictEqual } from "node:util";
import { isExactNumber } from "../exact-json.ts";
import { REDACTED } from "../runs/redact.ts";

const MOST_DIFFERENCES = 100;

/** A field whose values differ. */
export interface Difference {
  /** Names with dots between, and numbers of elements; "" is the whole. */
  readonly path: string;
  /** Undefined: there is none. */
  readonly old: unknown;
  readonly new: unknown;
}

/** Where two values of JSON differ, 100 places at most. What was redacted is not compared. */
export function differencesOf(before: unknown, after: unknown): Difference[] {
  const found: Difference[] = [];
  compare(before, after, "", found);
  return found;
}

function compare(before: unknown, after: unknown, path: string, found: Difference[]): void {
  if (found.length >= MOST_DIFFERENCES || before === REDACTED || isDeepStrictEqual(before, after)) return;
  if (isObject(before) && isObject(after) && Array.isArray(before) === Array.isArray(after)) {
    for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
      compare(before[name], after[name], path === "" ? name : `${path}.${name}`, found);
    }
    return;
  }
  found.push({ path, old: before, new: after });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !isExactNumber(value);
}
