import { setPriority } from "node:os";

/** From one niceness to the next a process has so much less of a processor that others want too. */
const STEP = 1.25;
const NICEST = 19;

/**
 * How nice the workers of a function are to those of the function with the greatest weight, so that the kernel shares
 * the processors out by weight where all are busy. With one weight for all nobody is nice.
 *
 * Source: https://docs.kernel.org/scheduler/sched-nice-design.html
 */
export function nicenessOf(weight: number, greatest: number): number {
  return Math.max(0, Math.min(NICEST, Math.round(Math.log(greatest / weight) / Math.log(STEP))));
}

/** Make a process so nice, where that may be done and it is still there. */
export function makeNice(pid: number | undefined, niceness: number): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, niceness);
  } catch {
    // Gone, or the system does not let us make it less nice again: then it stays as it is.
  }
}
