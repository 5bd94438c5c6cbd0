/** How many workers a function has: when it gets more of them and when fewer. A pure rule, and its memory. */

/** What a manifest says under `workers`. Times in seconds, utilization from 0 to 1. */
export interface ScalingPolicy {
  readonly min: number;
  readonly max: number;
  /** Loaded workers that wait, besides those that work. */
  readonly spare: number;
  readonly scaleUp: { readonly utilization: number; readonly for: number };
  readonly scaleDown: { readonly idle: number };
}

/** What was seen since the last decision. */
export interface PoolObservation {
  /** In seconds, on a clock that only goes forward. */
  readonly now: number;
  /** How many workers there are to be at present. */
  readonly target: number;
  /** Share of their time that the workers had calls, from 0 to 1. */
  readonly utilization: number;
  /** Workers that had a call within `scaleDown.idle`. */
  readonly used: number;
  /** Workers that have a call now. */
  readonly busy: number;
}

/** What the rule remembers from one decision to the next. */
export interface ScalingMemory {
  /** Since when the utilization has been above the threshold; undefined where it is not. */
  readonly aboveSince: number | undefined;
}

/** A number of workers, and why. */
export interface ScalingDecision {
  readonly target: number;
  /** In words; undefined where nothing changes. */
  readonly reason: string | undefined;
  readonly memory: ScalingMemory;
}

export const NEW_SCALING_MEMORY: ScalingMemory = { aboveSince: undefined };

/**
 * Decide.
 *
 * - Utilization above the threshold for the whole time of `scaleUp.for`: twice the workers, up to `max`.
 * - A worker that had no call for `scaleDown.idle` goes, but `min` stay, and `spare` beside those in use.
 * - As many as are busy, and `spare` more, are there at once.
 */
export function decideScaling(
  policy: ScalingPolicy,
  { now, target, utilization, used, busy }: PoolObservation,
  memory: ScalingMemory,
): ScalingDecision {
  const bound = (workers: number): number => Math.min(policy.max, Math.max(policy.min, workers));
  const isAbove = target > 0 && utilization > policy.scaleUp.utilization;
  const aboveSince = isAbove ? (memory.aboveSince ?? now) : undefined;
  const decide = (to: number, reason: string, since: number | undefined): ScalingDecision => ({
    target: to,
    reason: to === target ? undefined : reason,
    memory: { aboveSince: since },
  });

  if (aboveSince !== undefined && now - aboveSince >= policy.scaleUp.for && target < policy.max) {
    const percent = Math.round(policy.scaleUp.utilization * 100);
    // The new ones have to show first what they change.
    return decide(bound(target * 2), `utilization stayed above ${percent} %`, undefined);
  }
  const ready = busy > 0 ? bound(busy + policy.spare) : policy.min;
  if (ready > target) return decide(ready, `${busy} busy and ${policy.spare} to spare`, aboveSince);
  const needed = used > 0 ? bound(used + policy.spare) : policy.min;
  if (needed < target) {
    return decide(needed, `${target - needed} had nothing to do for ${policy.scaleDown.idle} s`, aboveSince);
  }
  return decide(bound(target), "the bounds changed", aboveSince);
}
