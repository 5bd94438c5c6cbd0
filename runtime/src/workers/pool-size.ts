import type { Logger } from "pino";
import type { ScalingChange } from "./scaling-log.ts";
import { decideScaling, NEW_SCALING_MEMORY, type ScalingPolicy } from "./scaling-rule.ts";
import { Utilization } from "./utilization.ts";
import type { Call, Worker } from "./worker.ts";

/** Longest time between two looks at how busy the workers are. */
const LONGEST_SAMPLE_SECONDS = 10;
/** Looks within the time that decides, so that one quiet moment does not hide a busy time. */
const SAMPLES_PER_DECISION = 10;
const SHORTEST_SAMPLE_SECONDS = 0.05;

/** What counts of a worker here. */
type SizedWorker = Pick<Worker<Call>, "lastUsed" | "inFlight" | "busyMilliseconds">;

/** What a {@link PoolSize} looks at, and whom it tells. */
export interface PoolSizeParts {
  readonly policy: ScalingPolicy;
  /** The workers that are there now. */
  readonly serving: () => readonly SizedWorker[];
  readonly onChanged: (change: ScalingChange) => void;
  readonly log: Logger;
}

/** How many workers a function is to have: at first its least, and then what the scaling rule says. */
export class PoolSize {
  readonly #parts: PoolSizeParts;
  #target: number;
  #memory = NEW_SCALING_MEMORY;
  readonly #utilization = new Utilization();
  #sampling: NodeJS.Timeout | undefined;

  constructor(parts: PoolSizeParts) {
    this.#parts = parts;
    this.#target = parts.policy.min;
  }

  get target(): number {
    return this.#target;
  }

  /** Share of their time that the workers had calls, from 0 to 1, over the last sample. */
  get utilization(): number {
    return this.#utilization.value;
  }

  /** Look at the workers from now on. */
  start(): void {
    const { scaleUp, scaleDown } = this.#parts.policy;
    const seconds = Math.min(scaleUp.for, scaleDown.idle) / SAMPLES_PER_DECISION;
    const every = Math.max(SHORTEST_SAMPLE_SECONDS, Math.min(LONGEST_SAMPLE_SECONDS, seconds));
    this.#sampling = setInterval(() => this.#scale(), every * 1000);
  }

  stop(): void {
    clearInterval(this.#sampling);
  }

  set(target: number, reason: string): void {
    const { log, onChanged } = this.#parts;
    const from = this.#target;
    this.#target = target;
    log.info({ from, to: target, reason }, `workers: ${from} → ${target}, ${reason}`);
    onChanged({ from, to: target, reason });
  }

  #scale(): void {
    const { policy } = this.#parts;
    const serving = this.#parts.serving();
    const now = performance.now();
    const idleMilliseconds = policy.scaleDown.idle * 1000;
    const utilization = this.#utilization.sample(serving, now);
    const starting = Math.max(0, this.#target - serving.length);
    const isUsed = (worker: SizedWorker): boolean => now - worker.lastUsed(now) < idleMilliseconds;
    // One that is asked for and not there yet had no chance to be used.
    const used = starting + serving.filter(isUsed).length;
    const busy = serving.filter(({ inFlight }) => inFlight > 0).length;
    const seen = { now: now / 1000, target: this.#target, utilization, used, busy };
    const { target, reason, memory } = decideScaling(policy, seen, this.#memory);
    this.#memory = memory;
    if (reason !== undefined) this.set(target, reason);
  }
}
