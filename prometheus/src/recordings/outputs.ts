import type { Recording } from "../rule.ts";

/** Numbers of outputs that have metrics of their own, by the names that thresholds have for them. */
const KNOWN_FIELDS: Readonly<Record<string, string>> = {
  memory_cache: "gaugelet_memory_cache_ratio",
  network_egress: "gaugelet_network_egress_ratio",
  cpu_utilization_moving_average: "gaugelet_cpu_utilization_moving_average_ratio",
};

const OF_FIELD = "job, function, host, shard, field";
const THRESHOLD = "function, field, severity, direction";

/** Every number of every output, under its field's name. */
const values = [
  `max by (${OF_FIELD}) (gaugelet_output_value)`,
  ...Object.entries(KNOWN_FIELDS).map(
    ([field, metric]) =>
      `label_replace(max by (job, function, host, shard) (${metric}), "field", "${field}", "", "")`,
  ),
].join("\nor\n");

export const OUTPUT_VALUE = "function_field:gaugelet_output:value";
export const CROSSED = "function_field:gaugelet_function_threshold:crossed";
export const CROSSED_SINCE = "function_field:gaugelet_function_threshold:crossed_since";

/** One comparison for each severity and direction: many values then meet one threshold of their field. */
const crossed = ["info", "warning", "critical"]
  .flatMap((severity) => [comparison(severity, "above", ">"), comparison(severity, "below", "<")])
  .join("\nor\n");

function comparison(severity: string, direction: string, operator: string): string {
  const threshold = `max by (${THRESHOLD}) (gaugelet_function_threshold{severity="${severity}",direction="${direction}"})`;
  return `${OUTPUT_VALUE} ${operator} on (function, field) group_left (severity, direction) ${threshold}`;
}

/** What functions put out, and the thresholds of their manifests that it is beyond. */
export const outputRecordings: readonly Recording[] = [
  { record: OUTPUT_VALUE, expr: values },
  { record: CROSSED, expr: crossed },
  {
    // Since when: the time that this rule found at its last evaluation, else now. Each threshold says itself
    // how long it has to be crossed, which the `for` of an alert cannot.
    record: CROSSED_SINCE,
    expr: `
        (${CROSSED_SINCE} and ${CROSSED})
        or
        (${CROSSED} * 0 + time())`,
  },
];
