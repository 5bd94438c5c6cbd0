const LOOKS = 4;

/**
 * Tells of a process that says nothing for long while something is expected of it.
 *
 * It is looked at now and then instead of being given until a moment: a runtime that was paused itself, with its
 * laptop for instance, must not take that for silence.
 */
export class Watchdog {
  readonly #onSilent: () => void;
  readonly #lookMilliseconds: number;
  #timer: NodeJS.Timeout | undefined;
  #expected = 0;
  #silentLooks = 0;

  /**
   * @param silenceSeconds for how long it may be silent at least; a quarter more at most.
   * @param onSilent hears of it, once.
   */
  constructor(silenceSeconds: number, onSilent: () => void) {
    this.#onSilent = onSilent;
    this.#lookMilliseconds = (silenceSeconds * 1000) / LOOKS;
  }

  /** One thing more is expected of it. */
  expect(): void {
    this.#expected += 1;
    if (this.#timer !== undefined) return;
    this.#silentLooks = 0;
    this.#timer = setInterval(() => this.#look(), this.#lookMilliseconds);
    this.#timer.unref();
  }

  /** One thing less is expected: it came, or is not waited for any more. */
  settle(): void {
    this.#expected -= 1;
  }

  /** It has said something. */
  heard(): void {
    this.#silentLooks = 0;
  }

  #look(): void {
    const isSilent = this.#expected > 0 && this.#silentLooks >= LOOKS;
    this.#silentLooks += 1;
    if (this.#expected > 0 && !isSilent) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (isSilent) this.#onSilent();
  }
}
