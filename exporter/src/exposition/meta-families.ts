import type { Family } from "./family.ts";

const gauge = (name: string, help: string): Family => ({ name, type: "gauge", help, unit: undefined });

/** Families that the exporter adds to those of the rules. */
export const OUTPUT_TIMESTAMP: Family = {
  ...gauge(
    "gaugelet_output_timestamp_seconds",
    "When the output was last stored, in seconds since the Unix epoch.",
  ),
  unit: "seconds",
};
export const OUTPUT_UP = gauge(
  "gaugelet_exporter_output_up",
  "1 where the output is exported, 0 where it is gone, stale or unreadable.",
);
export const OUTPUT_SERIES = gauge(
  "gaugelet_exporter_output_series",
  "Series that are exported of the output.",
);
export const OUTPUT_PARSE_ERRORS: Family = {
  ...gauge(
    "gaugelet_exporter_output_parse_errors_total",
    "Versions of the output that were no JSON object, since the exporter started.",
  ),
  type: "counter",
};

/** Metrics about outputs, which every target has. */
export const META_FAMILIES = [OUTPUT_TIMESTAMP, OUTPUT_UP, OUTPUT_SERIES, OUTPUT_PARSE_ERRORS];
