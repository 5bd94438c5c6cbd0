import { dateMath, dateTime, type RawTimeRange, type TimeRange } from "@grafana/data";

/** What runs are filtered by, as the address has it. */
export const FILTERS = ["function", "status", "trigger", "user", "from", "to", "version", "error"] as const;

/** Each is empty where it does not matter. */
export type RunFilter = Readonly<Record<(typeof FILTERS)[number], string>>;

/** The filter as the API reads it; times such as `now-1h` become what they are now. */
export function queryOf({ from, to, ...filter }: RunFilter): Record<string, string | undefined> {
  return { ...filter, from: instantOf(from, false), to: to === "now" ? undefined : instantOf(to, true) };
}

/** Undefined: it is empty, or no time. */
function instantOf(text: string, isEnd: boolean): string | undefined {
  if (text === "") return undefined;
  const time = dateMath.toDateTime(text, { roundUp: isEnd });
  return time?.isValid() === true ? time.toISOString() : undefined;
}

const NO_TIME = dateTime(null);

/** The times of a filter as Grafana's chooser of times has them. */
export function rangeOf({ from, to }: Pick<RunFilter, "from" | "to">): TimeRange {
  if (from === "" && to === "") return { from: NO_TIME, to: NO_TIME, raw: { from: NO_TIME, to: NO_TIME } };
  const end = to === "" ? "now" : to;
  // A relative time is shown in words, another one as the time that it is.
  const raw = { from: rawOf(from), to: rawOf(end) };
  return {
    from: dateMath.toDateTime(from, {}) ?? NO_TIME,
    to: dateMath.toDateTime(end, { roundUp: true }) ?? NO_TIME,
    raw,
  };
}

function rawOf(text: string): RawTimeRange["from"] {
  return dateMath.isMathString(text) ? text : dateTime(text);
}

/** What the address says of times that were chosen; empty: none were. */
export function textOf(raw: RawTimeRange["from"]): string {
  if (typeof raw === "string") return raw;
  return raw.isValid() ? raw.toISOString() : "";
}
