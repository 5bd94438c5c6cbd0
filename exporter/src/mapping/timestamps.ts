/** How a document writes a time. */
export const TIMESTAMP_FORMATS = ["seconds", "milliseconds", "iso"] as const;
export type TimestampFormat = (typeof TIMESTAMP_FORMATS)[number];

/** Times that Prometheus and JavaScript both can hold, in milliseconds. */
const LATEST = 8.64e15;

/** Read a time as whole milliseconds since the Unix epoch; undefined where the value is none. */
export function readTimestamp(value: unknown, format: TimestampFormat): number | undefined {
  const milliseconds =
    format === "iso"
      ? typeof value === "string"
        ? Date.parse(value)
        : Number.NaN
      : typeof value === "number"
        ? value * (format === "seconds" ? 1000 : 1)
        : Number.NaN;
  return Math.abs(milliseconds) <= LATEST ? Math.round(milliseconds) : undefined;
}
