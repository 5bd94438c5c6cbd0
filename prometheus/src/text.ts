/** A ratio as people read it: 0.05 → `5 %`. */
export function percent(ratio: number): string {
  return `${Number((ratio * 100).toPrecision(6))} %`;
}

/** An expression with the owner of its function, for Alertmanager to route by. */
export function withOwner(expression: string): string {
  return `(${expression}) * on (job, function) group_left (owner) function:gaugelet_function_info:owner`;
}
