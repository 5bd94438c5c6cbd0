import { backOffSeconds } from "./back-off.ts";

/** When a change of the code that was refused is tried again, though nothing changes: what it lacks may come by itself. */
export class ChangeRetry {
  readonly #onDue: () => void;
  #failures = 0;
  #isDue = false;
  #timer: NodeJS.Timeout | undefined;

  /** @param onDue is called when one becomes due. */
  constructor(onDue: () => void) {
    this.#onDue = onDue;
  }

  /** Whether the change that is there was refused, and has not been taken since. */
  get hasFailed(): boolean {
    return this.#failures > 0;
  }

  /** Whether it is to be tried again now. */
  get isDue(): boolean {
    return this.#isDue;
  }

  /** The change was refused: it is due after a back-off that grows with each time in a row. */
  noteFailure(): void {
    this.#failures += 1;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#isDue = true;
      this.#onDue();
    }, backOffSeconds(this.#failures) * 1000);
  }

  /** It is being tried again. */
  begin(): void {
    this.#isDue = false;
  }

  /** What is there runs: the next failure is the first again. */
  noteSuccess(): void {
    this.#failures = 0;
  }

  /** There is another change, which is tried at once, or the end. */
  cancel(): void {
    clearTimeout(this.#timer);
    this.#failures = 0;
    this.#isDue = false;
  }
}
