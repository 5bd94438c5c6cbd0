import type { Cron } from "croner";
import { cronOf } from "./cron.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * How closely the runs are looked at, and for how long, in milliseconds. A look every `step` finds each gap that is as
 * long. Where there is none, the next one looks at shorter ones: every half day has runs then, in the same hours each
 * day, and so on down to seconds.
 */
const LOOKS = [
  // A week and a day have a weekend in them, whatever day it is today.
  { step: 12 * HOUR, during: 8 * DAY },
  { step: HOUR, during: 2 * DAY },
  { step: MINUTE, during: 2 * HOUR },
  { step: 0, during: 2 * MINUTE },
] as const;
/** Of what comes more seldom: months differ. */
const FEWEST_GAPS = 6;
/** Looking takes milliseconds, and thousands of functions may have the same few expressions. */
const known = new Map<string, number>();
const MOST_KNOWN = 1_000;

/**
 * The longest time between two runs of a cron expression in the coming week, or in some more where there are few.
 *
 * @returns milliseconds; 0: it never runs.
 */
export function longestGapOf(expression: string, timeZone: string): number {
  const name = `${timeZone} ${expression}`;
  let longest = known.get(name);
  if (longest === undefined) {
    longest = longestGap(cronOf(expression, timeZone));
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(name, longest);
  }
  return longest;
}

function longestGap(cron: Cron): number {
  const begin = cron.nextRun()?.getTime();
  if (begin === undefined) return 0;
  let longest = 0;
  for (const { step, during } of LOOKS) {
    let at = begin;
    for (let gaps = 0; gaps < FEWEST_GAPS || at < begin + during; gaps += 1) {
      const next = cron.nextRun(new Date(at))?.getTime();
      if (next === undefined) return longest;
      const [before] = cron.previousRuns(1, new Date(next));
      if (before !== undefined) longest = Math.max(longest, next - before.getTime());
      at = Math.max(next, at + step);
    }
    if (longest >= step) return longest;
  }
  return longest;
}
