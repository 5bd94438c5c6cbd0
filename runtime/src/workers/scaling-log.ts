/** Decisions that are kept, of all functions together. */
const MOST_KEPT = 1_000;

/** A change of how many workers a function is to have. */
export interface ScalingChange {
  readonly from: number;
  readonly to: number;
  /** In words. */
  readonly reason: string;
}

/** The same, with whose it was and when. */
export interface ScalingNote extends ScalingChange {
  readonly function: string;
  /** Unix milliseconds. */
  readonly at: number;
}

/** Remembers the newest decisions of this process: what is older is in the log and in the metrics. */
export class ScalingLog {
  readonly #notes: ScalingNote[] = [];
  /** Where the next one goes, once there are as many as are kept. */
  #next = 0;

  note(name: string, { from, to, reason }: ScalingChange): void {
    this.#notes[this.#next] = { function: name, at: Date.now(), from, to, reason };
    this.#next = (this.#next + 1) % MOST_KEPT;
  }

  /** Newest first. @param name of a function; undefined: of all. */
  recent(most: number, name?: string): ScalingNote[] {
    const inOrder = [...this.#notes.slice(this.#next), ...this.#notes.slice(0, this.#next)].reverse();
    return inOrder.filter((note) => name === undefined || note.function === name).slice(0, most);
  }
}
