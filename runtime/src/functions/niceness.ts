import { readFile, writeFile } from "node:fs/promises";
import { setPriority } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { statFields } from "@gaugelet/shared/process-stat";

/** From one niceness to the next a process has so much less of a processor that others want too. */
const STEP = 1.25;
const NICEST = 19;
/** Who is no administrator may change one session's niceness in 0.1 s, on the whole machine. */
const AGAIN_MILLISECONDS = 150;
const TRIES = 20;

let lastSession: Promise<void> = Promise.resolve();

/**
 * How nice the workers of a function are to those of the function with the greatest weight, so that the kernel shares
 * the processors out by weight where all are busy. With one weight for all nobody is nice.
 *
 * Source: https://docs.kernel.org/scheduler/sched-nice-design.html
 */
export function nicenessOf(weight: number, greatest: number): number {
  return Math.max(0, Math.min(NICEST, Math.round(Math.log(greatest / weight) / Math.log(STEP))));
}

/**
 * Make a worker so nice, where that may be done and it is still there: its process, and its session, by which the
 * kernel goes where it groups by sessions ("autogroup"): what a process is counts within its session alone then.
 *
 * Source: sched(7)
 */
export function makeNice(pid: number | undefined, niceness: number): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, niceness);
  } catch {
    // Gone, or the system does not let us make it less nice again: then it stays as it is.
  }
  lastSession = lastSession.then(() => makeSessionNice(pid, niceness));
}

async function makeSessionNice(pid: number, niceness: number): Promise<void> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    try {
      // Not ours: all that this process has started and that has none of its own would be nice with it.
      if ((await sessionOf(pid)) === (await sessionOf(process.pid))) return;
      await writeFile(`/proc/${pid}/autogroup`, String(niceness));
      return;
    } catch (error) {
      // Else it is gone, not ours to change, or the kernel has no such groups.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") return;
    }
    await sleep(AGAIN_MILLISECONDS, undefined, { ref: false });
  }
}

async function sessionOf(pid: number): Promise<string | undefined> {
  return statFields(await readFile(`/proc/${pid}/stat`, "utf8"))(6);
}
