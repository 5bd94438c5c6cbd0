import type { Problem } from "../problem-log.ts";

/**
 * Where the outputs of a target come from. A source tells a store of outputs and what they hold; every kind of
 * source has this shape.
 */
export interface Source {
  /**
   * Bring the store up to date with all that was written before now.
   *
   * @throws SourceAwayError where the source cannot be asked now.
   */
  update(): Promise<void>;
  /** What keeps outputs from being found. */
  readonly problems: readonly Problem[];
  /** The key of the one output that was asked for; undefined where there may be any number. */
  readonly only?: string | undefined;
  /** Let go of connections and timers. */
  close(): void;
}

/** A source cannot be asked now. The message says why, in words. */
export class SourceAwayError extends Error {
  override readonly name = "SourceAwayError";
}
