import type { RunUsage } from "../runs/run-record.ts";

const MEBIBYTE = 1024 ** 2;

/** What was measured of one call. */
export interface MeasuredCall {
  /** Wall time of the handler. */
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** The most memory that its process has used so far. */
  readonly memoryBytes: number;
}

/**
 * What a call used: the wall time of the handler rounded up to milliseconds, that times the memory rounded up to
 * mebibytes, and its processor time rounded up to microseconds. All are whole numbers, and their sums are exact.
 */
export function usageOf({ seconds, cpuSeconds, memoryBytes }: MeasuredCall): RunUsage {
  const billedMilliseconds = roundedUp(seconds, 1e3);
  return {
    billedMilliseconds,
    mebibyteMilliseconds: Math.ceil(memoryBytes / MEBIBYTE) * billedMilliseconds,
    cpuMicroseconds: roundedUp(cpuSeconds, 1e6),
  };
}

/** To nanoseconds first: 0.029 s times 1,000 is a little more than 29. */
function roundedUp(seconds: number, units: number): number {
  return Math.ceil(Math.round(seconds * 1e9) / (1e9 / units));
}
