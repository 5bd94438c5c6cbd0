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

/** One for each function, of whichever runtimes. */
const OWNERS = "topk by (function) (1, function:gaugelet_function_info:owner)";

/** The same for lines of what the exporter says of a function that a runtime has. */
export function withOwnerOfOutput(expression: string): string {
  return joined(expression, OWNERS);
}

/** The same where it may be another program's output, which has no owner. */
export function withOwnerIfAny(expression: string): string {
  return joined(expression, `(${OWNERS} or on (function) group by (function) (gaugelet_exporter_output_up))`);
}

function joined(expression: string, owners: string): string {
  return `
      (${expression.replaceAll("\n", "\n  ")}
      ) * on (function) group_left (owner) ${owners}`;
}
