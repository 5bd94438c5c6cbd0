/**
 * Why something is not exported although it is there: the values of the label `reason` of
 * `gaugelet_exporter_dropped_total`, and what a person is told.
 */
export const DROP_REASONS = {
  duplicate: "another output or field gives the same series; the first one by key is exported",
  internal_error: "it could not be rendered, by a mistake in the exporter; please report it with the log",
  invalid_entry:
    "its field in gaugelet:outputs is no entry; delete the field, the function's next run writes it",
  invalid_name: "a rule makes a metric name of it that is empty or no UTF-8",
  invalid_timestamp: "the field that a rule takes the time stamp from holds none",
  missing: "no field matches a rule that says `missing: count`",
  name_collision: "another metric has the same name once it is escaped for this scraper",
  name_too_long: "a key, function, shard or field name is longer than 512 characters, or a label than 1024",
  negative_counter: "a counter cannot be below 0; map the field to a gauge",
  not_a_number: "the value is no number, and the rule says `nonNumber: count` or `parse`",
  not_finite: "a number is NaN or infinite",
  not_json: "the value is not JSON",
  not_object: "the value is JSON, but no object",
  null_value: "the value is null, and the rule says `null: count`",
  read_error: "it cannot be read; check the rights of the exporter's user",
  too_deep: "objects or lists are nested more than 16 deep",
  too_large: "the value is larger than the limit outputBytes",
  too_many_outputs: "more outputs than the limit outputs; use narrower patterns",
  too_many_series: "more series than the limits seriesPerOutput or series allow",
  type_conflict: "another field or output gives the same metric with another type, help or unit",
  unmapped_value: "the value is not among the rule's values",
  wrong_type: "the key holds another type than a string",
} as const;

export type DropReason = keyof typeof DROP_REASONS;

/** Longest key, function name, shard or dotted path that becomes a label, in UTF-16 units. */
export const MAX_NAME_LENGTH = 512;

/** Longest text of a label: a document may have megabytes where a rule looks for a name. */
export const MAX_LABEL_LENGTH = 1024;
