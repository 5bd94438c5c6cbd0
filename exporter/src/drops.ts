/**
 * Why something in Redis is not exported although it is there: the values of the label `reason` of
 * `gaugelet_exporter_dropped_total`, and what a person is told.
 */
export const DROP_REASONS = {
  duplicate: "another output or field gives the same series; the first one by key is exported",
  invalid_entry:
    "its field in gaugelet:outputs is no entry; delete the field, the function's next run writes it",
  name_too_long: "a key, function, shard or field name is longer than 512 characters",
  negative_counter: "a counter cannot be below 0; map the field to a gauge",
  not_finite: "a number is NaN or infinite",
  not_json: "the value is not JSON",
  not_object: "the value is JSON, but no object",
  read_error: "Redis refuses to read the key; check the rights of the exporter's user",
  too_deep: "objects or lists are nested more than 16 deep",
  too_large: "the value is larger than 4 MiB",
  too_many_outputs: "more than 10000 keys; use narrower patterns",
  too_many_series: "the output gives more than 10000 series",
  wrong_type: "the key holds another type than a string",
} as const;

export type DropReason = keyof typeof DROP_REASONS;

/** Told of each thing that is dropped. */
export type OnDrop = (reason: DropReason) => void;

/** Longest key, function name, shard or dotted path that becomes a label, in UTF-16 units. */
export const MAX_NAME_LENGTH = 512;
