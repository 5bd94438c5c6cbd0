/** A ratio as people read it: 0.05 → `5 %`. */
export function percent(ratio: number): string {
  return `${Number((ratio * 100).toPrecision(6))} %`;
}

/**
 * How often something happened, from an `increase`, which stretches what it counted over all of its time: 3 events
 * of a while ago would be 3.07. It never shrinks them, so that the whole part is what was counted.
 */
export function whole(increase: string): string {
  return `floor(${increase})`;
}

/** An expression with the owner of its function, for Alertmanager to route by. */
export function withOwner(expression: string): string {
  return `(${expression}) * on (job, function) group_left (owner) function:gaugelet_function_info:owner`;
}
