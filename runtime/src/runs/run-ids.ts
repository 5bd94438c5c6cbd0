import { randomBytes } from "node:crypto";

/** Unix milliseconds to the base 32 have so many digits until the year 3084. */
const TIME_DIGITS = 9;
const PREFIX_DIGITS = 8;
const COUNTER_DIGITS = 7;

/** Makes ids of runs: sortable by time, and no other process makes the same. */
export class RunIds {
  /** Of this process. */
  readonly prefix = Number.parseInt(randomBytes(5).toString("hex"), 16)
    .toString(32)
    .padStart(PREFIX_DIGITS, "0");
  #counter = 0;

  /** @param time Unix milliseconds, in whole ones. */
  next(time: number): string {
    this.#counter += 1;
    return (
      time.toString(32).padStart(TIME_DIGITS, "0") +
      this.prefix +
      this.#counter.toString(32).padStart(COUNTER_DIGITS, "0")
    );
  }
}
