/** How much of everything is exported. docs/reference/exporter.md describes each limit. */
export interface Limits {
  /** Outputs of one target. */
  readonly outputs: number;
  /** Series of one output. */
  readonly seriesPerOutput: number;
  /** Series of all outputs of one target. */
  readonly series: number;
  /** Bytes of one output. */
  readonly outputBytes: number;
}

export const DEFAULT_LIMITS: Limits = {
  outputs: 10_000,
  seriesPerOutput: 10_000,
  series: 1_000_000,
  outputBytes: 4 * 1024 ** 2,
};
