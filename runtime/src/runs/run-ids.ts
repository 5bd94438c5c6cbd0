import { randomBytes } from "node:crypto";

/** Unix milliseconds to the base 32 have so many digits until the year 3084. */
const TIME_DIGITS = 9;
const PREFIX_DIGITS = 8;
const COUNTER_DIGITS = 7;
/** Numbers of two digits. */
const LOW_NUMBERS = 32 ** 2;

/** Makes ids of runs: sortable by time, and no other process makes the same. */
export class RunIds {
  /** Of this process. */
  readonly prefix = Number.parseInt(randomBytes(5).toString("hex"), 16)
    .toString(32)
    .padStart(PREFIX_DIGITS, "0");
  readonly #time = new Digits(TIME_DIGITS);
  readonly #number = new Digits(COUNTER_DIGITS);
  #counter = 0;

  /** @param time Unix milliseconds, in whole ones. */
  next(time: number): string {
    this.#counter += 1;
    return this.#time.of(time) + this.prefix + this.#number.of(this.#counter);
  }
}

const LOW_DIGITS = Array.from({ length: LOW_NUMBERS }, (_, number) => number.toString(32).padStart(2, "0"));

/** Writes numbers to the base 32, all with so many digits. Each is near the one before it, so that few are made anew. */
class Digits {
  readonly #width: number;
  #high = Number.NaN;
  #highDigits = "";

  constructor(width: number) {
    this.#width = width;
  }

  of(number: number): string {
    const low = number % LOW_NUMBERS;
    const high = (number - low) / LOW_NUMBERS;
    if (high !== this.#high) {
      this.#high = high;
      this.#highDigits = high.toString(32).padStart(this.#width - 2, "0");
    }
    return this.#highDigits + LOW_DIGITS[low];
  }
}
