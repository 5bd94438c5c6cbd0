import { readFileSync } from "node:fs";

const BYTES_PER_KILOBYTE = 1024;
const SECONDS_PER_MICROSECOND = 1e-6;
/** Looking takes a while. */
const MILLISECONDS_BETWEEN_LOOKS = 100;

/** Reads what the process has used so far. One system call gives both. */
export class Meter {
  /** Of all threads, in seconds. */
  cpuSeconds = 0;
  /** The most memory that the process has used so far. */
  memoryBytes = 0;
  readonly #inheritedKilobytes: number;
  #lookAgainAt = 0;

  constructor() {
    this.#inheritedKilobytes = process.resourceUsage().maxRSS;
    this.read();
  }

  read(): void {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    this.cpuSeconds = (userCPUTime + systemCPUTime) * SECONDS_PER_MICROSECOND;
    this.memoryBytes =
      maxRSS > this.#inheritedKilobytes ? maxRSS * BYTES_PER_KILOBYTE : this.#ownPeak(maxRSS);
  }

  /** The system counts in the peak what the process was before it became this program, the zygote's child. */
  #ownPeak(maxRSS: number): number {
    const now = performance.now();
    if (now < this.#lookAgainAt) return this.memoryBytes;
    this.#lookAgainAt = now + MILLISECONDS_BETWEEN_LOOKS;
    try {
      const status = readFileSync("/proc/self/status", "latin1");
      return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? maxRSS) * BYTES_PER_KILOBYTE;
    } catch {
      // No /proc: another system, or a sandbox without it.
      return maxRSS * BYTES_PER_KILOBYTE;
    }
  }
}
