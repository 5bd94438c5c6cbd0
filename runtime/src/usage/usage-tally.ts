import type { RunUsage } from "../runs/run-record.ts";
import type { UsageSums } from "./usage-row.ts";

/** What one of each quantity costs now, as fractions: good for metrics, never for a bill. */
export interface RoughPrices {
  readonly perRun: number;
  readonly perMebibyteMillisecond: number;
  readonly perCpuMicrosecond: number;
}

/** Counts what the calls of a function used since the runtime started. A call costs four additions. */
export class UsageTally {
  readonly owner: string;
  readonly function: string;
  readonly class: string;
  #runs = 0;
  #billedMilliseconds = 0;
  #mebibyteMilliseconds = 0;
  #cpuMicroseconds = 0;
  #taken = { runs: 0, billedMilliseconds: 0, mebibyteMilliseconds: 0, cpuMicroseconds: 0 };
  /** Without the free tier. */
  cost = 0;

  constructor(of: { readonly owner: string; readonly function: string; readonly class: string }) {
    this.owner = of.owner;
    this.function = of.function;
    this.class = of.class;
  }

  get billedSeconds(): number {
    return this.#billedMilliseconds / 1e3;
  }

  /** Gigabytes of 10^9 bytes times seconds. */
  get gigabyteSeconds(): number {
    return (this.#mebibyteMilliseconds * 1024 ** 2) / 1e12;
  }

  /** A call is over. */
  count({ billedMilliseconds, mebibyteMilliseconds, cpuMicroseconds }: RunUsage): void {
    this.#runs += 1;
    this.#billedMilliseconds += billedMilliseconds;
    this.#mebibyteMilliseconds += mebibyteMilliseconds;
    this.#cpuMicroseconds += cpuMicroseconds;
  }

  /** What was counted since the last time; undefined: nothing. @param prices that it is added to the cost by. */
  take(prices: RoughPrices): UsageSums | undefined {
    const taken = this.#taken;
    const runs = this.#runs - taken.runs;
    if (runs === 0) return undefined;
    const mebibyteMilliseconds = this.#mebibyteMilliseconds - taken.mebibyteMilliseconds;
    const cpuMicroseconds = this.#cpuMicroseconds - taken.cpuMicroseconds;
    const billedMilliseconds = this.#billedMilliseconds - taken.billedMilliseconds;
    this.#taken = {
      runs: this.#runs,
      billedMilliseconds: this.#billedMilliseconds,
      mebibyteMilliseconds: this.#mebibyteMilliseconds,
      cpuMicroseconds: this.#cpuMicroseconds,
    };
    this.cost +=
      runs * prices.perRun +
      mebibyteMilliseconds * prices.perMebibyteMillisecond +
      cpuMicroseconds * prices.perCpuMicrosecond;
    return {
      runs: BigInt(runs),
      billedMilliseconds: BigInt(billedMilliseconds),
      mebibyteMilliseconds: BigInt(mebibyteMilliseconds),
      cpuMicroseconds: BigInt(cpuMicroseconds),
    };
  }
}
