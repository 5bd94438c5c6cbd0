import { rename } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Child } from "./child.ts";
import { describeLog } from "./log-tail.ts";
import type { Part } from "./part.ts";
import { Problem } from "./problem.ts";
import { formatSeconds } from "./seconds.ts";

/** How patient the supervisor is, in milliseconds. */
export interface Patience {
  /** Longest time from the start of a part until it answers. */
  readonly ready: number;
  /** Longest time for ending everything. */
  readonly stop: number;
  /** First pause before a part that died is started again; each further one is twice as long. */
  readonly firstPause: number;
  readonly longestPause: number;
  /** A part that ran this long has recovered: its next pause is a first one. */
  readonly recovered: number;
}

export const PATIENCE: Patience = {
  ready: 60_000,
  stop: 9_000,
  firstPause: 500,
  longestPause: 30_000,
  recovered: 60_000,
};

/** A part on its way or running. */
interface Running {
  readonly part: Part;
  child: Child | undefined;
  startedAt: number;
}

/**
 * Starts parts, starts those again that die, and ends them in reverse order.
 *
 * A part is: starting (its process runs, it does not answer yet) → running → dead (its process ended, a pause
 * passes) → starting … until everything stops. One that dies before it answered for the first time fails the
 * start: that is a mistake to mend, which trying again would only hide.
 */
export class Supervisor {
  readonly #logs: string;
  readonly #report: (line: string) => void;
  readonly #patience: Patience;
  readonly #parts: Running[] = [];
  readonly #stopping = new AbortController();

  /**
   * @param logs folder of the parts' logs.
   * @param report told about parts that die and recover, one line each.
   */
  constructor(logs: string, report: (line: string) => void, patience: Patience = PATIENCE) {
    this.#logs = logs;
    this.#report = report;
    this.#patience = patience;
  }

  /**
   * Start a part and wait until it answers.
   *
   * @throws Problem with the last lines of its log where it ends, or does not answer in time.
   */
  async start(part: Part): Promise<void> {
    const running: Running = { part, child: undefined, startedAt: 0 };
    this.#parts.push(running);
    await rename(this.#log(part), `${this.#log(part)}.1`).catch(() => {});
    const child = await this.#spawn(running);
    const outcome = await this.#waitUntilReady(running, child);
    this.#stopping.signal.throwIfAborted();
    if (outcome !== "ready") {
      const what = outcome === "late" ? this.#late() : `ended before it answered (${await child.ended})`;
      throw new Problem(`${part.name} ${what}. ${await describeLog(this.#log(part))}`);
    }
    void this.#keepRunning(running, child);
  }

  /** True as long as there is nothing to stop. */
  get isIdle(): boolean {
    return this.#parts.length === 0;
  }

  /** End everything that was started, the last first. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const end = performance.now() + this.#patience.stop;
    // One that hangs must leave the others, Redis above all, a moment to end in order.
    const reserve = this.#patience.stop / (this.#parts.length + 3);
    for (const [index, { part, child }] of [...this.#parts.entries()].reverse()) {
      const allowance = Math.max(end - performance.now() - reserve * index, reserve / 2);
      const outcome = await child?.stop(allowance);
      if (outcome?.killed === true) {
        this.#report(`${part.name} did not end within ${formatSeconds(allowance)} and was killed`);
      }
      await part.cleanUp?.();
    }
  }

  /** Take a part away from a stack that goes on without it. */
  async remove(part: Part): Promise<void> {
    const index = this.#parts.findIndex((running) => running.part === part);
    const [running] = index === -1 ? [] : this.#parts.splice(index, 1);
    await running?.child?.stop(this.#patience.stop / 3);
    await part.cleanUp?.();
  }

  /** Kill everything at once. */
  kill(): void {
    this.#stopping.abort();
    for (const { child } of this.#parts) child?.kill();
  }

  async #spawn(running: Running): Promise<Child> {
    await running.part.cleanUp?.();
    const command = await running.part.prepare();
    this.#stopping.signal.throwIfAborted();
    running.startedAt = performance.now();
    const child = await Child.start(command, this.#log(running.part));
    running.child = child;
    // A stop that began while the process came up has not seen it.
    if (this.#stopping.signal.aborted) await child.stop(this.#patience.stop / 3);
    return child;
  }

  async #waitUntilReady({ part }: Running, child: Child): Promise<"ready" | "ended" | "late"> {
    let hasEnded = false;
    void child.ended.then(() => {
      hasEnded = true;
    });
    const end = performance.now() + this.#patience.ready;
    while (performance.now() < end) {
      const answers = await part.isReady().catch(() => false);
      // Asked afterwards: another program may have answered in its place.
      if (hasEnded || this.#stopping.signal.aborted) return "ended";
      if (answers) return "ready";
      await Promise.race([sleep(50), child.ended]);
    }
    return "late";
  }

  /** Start the part again each time it ends, until everything stops. */
  async #keepRunning(running: Running, first: Child): Promise<void> {
    const { name } = running.part;
    let ending = await first.ended;
    let pause = this.#patience.firstPause;
    while (!this.#stopping.signal.aborted && this.#parts.includes(running)) {
      const ran = performance.now() - running.startedAt;
      if (ran >= this.#patience.recovered) pause = this.#patience.firstPause;
      this.#report(
        `${name} ended (${ending}) after ${formatSeconds(ran)}; starting it again in ${formatSeconds(pause)}. Its log: ${this.#log(running.part)}`,
      );
      try {
        await sleep(pause, undefined, { signal: this.#stopping.signal });
        pause = Math.min(pause * 2, this.#patience.longestPause);
        const child = await this.#spawn(running);
        const outcome = await this.#waitUntilReady(running, child);
        if (this.#stopping.signal.aborted) return;
        if (outcome === "ready") this.#report(`${name} answers again`);
        if (outcome === "late") this.#report(`${name} ${this.#late()}`);
        ending = await child.ended;
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        running.startedAt = performance.now();
        ending = (error as Error).message;
      }
    }
  }

  #late(): string {
    return `did not answer within ${formatSeconds(this.#patience.ready)}`;
  }

  #log(part: Part): string {
    return join(this.#logs, `${part.name}.log`);
  }
}
