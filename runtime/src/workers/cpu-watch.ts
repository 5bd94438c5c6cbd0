import { readFile } from "node:fs/promises";
import { statFields } from "@gaugelet/shared/process-stat";

const LOOK_EVERY_MILLISECONDS = 250;
/** Of Linux' clock in /proc: fixed at 100 for programs, whatever the kernel's own. */
const TICKS_PER_SECOND = 100;

/**
 * Looks from outside how much processor time a process uses in one call: a signal at the limit, which the kernel
 * would send, can be ignored, and a program that counts by itself can be changed.
 */
export class CpuWatch {
  readonly #pid: number;
  readonly #limitSeconds: number;
  readonly #onExceeded: () => void;
  readonly #timer: NodeJS.Timeout;
  /** The call that is watched, by its number, and the processor time at the first look. */
  #watched: { readonly id: number; readonly from: number } | undefined;

  /** @param currentCall number of the call that runs now; undefined: none. */
  constructor(
    pid: number,
    limitSeconds: number,
    currentCall: () => number | undefined,
    onExceeded: () => void,
  ) {
    this.#pid = pid;
    this.#limitSeconds = limitSeconds;
    this.#onExceeded = onExceeded;
    this.#timer = setInterval(() => {
      const id = currentCall();
      if (id === undefined) this.#watched = undefined;
      else void this.#look(id);
    }, LOOK_EVERY_MILLISECONDS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(id: number): Promise<void> {
    const used = await usedSeconds(this.#pid);
    if (used === undefined) return;
    if (this.#watched?.id !== id) this.#watched = { id, from: used };
    else if (used - this.#watched.from > this.#limitSeconds) this.#onExceeded();
  }
}

/** Processor time of a process and its threads so far; undefined where that cannot be read, or on other systems. */
async function usedSeconds(pid: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const field = statFields(text);
  const [user, system] = [field(14), field(15)];
  const ticks = Number(user) + Number(system);
  return Number.isFinite(ticks) ? ticks / TICKS_PER_SECOND : undefined;
}
