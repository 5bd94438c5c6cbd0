import { OUTPUTS_KEY } from "@gaugelet/shared/keys";

/** What changed in Redis since the source last looked. */
export class DirtyKeys {
  /** Anything may have changed. */
  everything = true;
  /** The hash that runtimes announce outputs in. */
  announcements = false;
  #keys = new Set<string>();

  get isEmpty(): boolean {
    return !this.everything && !this.announcements && this.#keys.size === 0;
  }

  add(keys: readonly string[]): void {
    for (const key of keys) {
      if (key === OUTPUTS_KEY) this.announcements = true;
      else this.#keys.add(key);
    }
  }

  /** Take all of it; what changes from now on is collected anew. */
  take(): {
    readonly everything: boolean;
    readonly announcements: boolean;
    readonly keys: ReadonlySet<string>;
  } {
    const taken = { everything: this.everything, announcements: this.announcements, keys: this.#keys };
    this.everything = false;
    this.announcements = false;
    this.#keys = new Set();
    return taken;
  }
}
