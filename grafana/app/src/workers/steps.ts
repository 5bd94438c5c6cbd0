import type { Answer } from "../api/types";

export type Decision = Answer<"listScalingDecisions">["items"][number];

/** How many workers a function was to have over time: at each of the times that the answer has. */
export interface Steps {
  readonly name: string;
  readonly counts: readonly number[];
}

/** Worker counts over time. */
export interface StepPlot {
  /** Unix milliseconds, ascending; the last is now. */
  readonly times: readonly number[];
  readonly functions: readonly Steps[];
  /** How many functions are left out. */
  readonly hidden: number;
}

/**
 * What decisions come to: a line for each function, which keeps its height until the next decision.
 *
 * @param decisions newest first, as the API answers.
 * @param most how many functions at most: those with the newest decisions.
 */
export function stepsOf(decisions: readonly Decision[], now: number, most: number): StepPlot {
  const names = [...new Set(decisions.map((decision) => decision.function))];
  const shown = new Set(names.slice(0, most));
  const ascending = decisions
    .filter((decision) => shown.has(decision.function))
    .map(({ at, ...decision }) => ({ ...decision, time: Date.parse(at) }))
    .reverse();
  const oldest = ascending[0]?.time ?? now;
  // A little before the first, so that what it changed from is seen.
  const lead = Math.max(1_000, (now - oldest) / 50);
  const times = [
    ...new Set([
      oldest - lead,
      ...ascending.map(({ time }) => time),
      Math.max(now, ascending.at(-1)?.time ?? 0),
    ]),
  ];
  const functions = [...shown].sort().map((name) => {
    const own = ascending.filter((decision) => decision.function === name);
    let next = 0;
    let count = own[0]?.from ?? 0;
    const counts = times.map((time) => {
      for (let decision = own[next]; decision !== undefined && decision.time <= time; decision = own[next]) {
        count = decision.to;
        next += 1;
      }
      return count;
    });
    return { name, counts };
  });
  return { times, functions, hidden: names.length - shown.size };
}
