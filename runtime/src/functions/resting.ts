import type { FunctionRunner } from "./function-runner.ts";

const LOOK_EVERY_MILLISECONDS = 1_000;

/** When a function was last seen to do something. */
interface Seen {
  arrivals: number;
  at: number;
}

/**
 * Finds functions that nobody has called for a while: a function goes as long after its last worker as that went
 * after its last call.
 */
export class Resting {
  readonly #onRest: (name: string) => void;
  readonly #seen = new Map<FunctionRunner, Seen>();
  #timer: NodeJS.Timeout | undefined;

  constructor(onRest: (name: string) => void) {
    this.#onRest = onRest;
  }

  watch(runner: FunctionRunner): void {
    this.#seen.set(runner, { arrivals: runner.arrivals, at: performance.now() });
    this.#timer ??= setInterval(() => this.#look(), LOOK_EVERY_MILLISECONDS);
  }

  forget(runner: FunctionRunner): void {
    this.#seen.delete(runner);
    if (this.#seen.size === 0) this.stop();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const now = performance.now();
    for (const [runner, seen] of this.#seen) {
      const { arrivals, status, definition } = runner;
      if (!status.isAtRest || arrivals !== seen.arrivals) {
        seen.arrivals = arrivals;
        seen.at = now;
      } else if (now - seen.at >= definition.workers.scaleDown.idle * 1000) this.#onRest(definition.name);
    }
  }
}
