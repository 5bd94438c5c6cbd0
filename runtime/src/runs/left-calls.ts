/** More of them are found as those are that others left behind. */
const MOST = 100_000;

/** Ids of accepted calls that were read, and wait in Redis until there is room for more of their function. */
export class LeftCalls {
  readonly #byName = new Map<string, string[]>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Functions that have some. */
  get names(): string[] {
    return [...this.#byName.keys()];
  }

  add(name: string, id: string): void {
    if (this.#count >= MOST) return;
    const ids = this.#byName.get(name) ?? [];
    ids.push(id);
    this.#byName.set(name, ids);
    this.#count += 1;
  }

  /** Take out the oldest of a function, so many at most. */
  take(name: string, most: number): string[] {
    const ids = this.#byName.get(name) ?? [];
    const taken = ids.splice(0, most);
    this.#count -= taken.length;
    if (ids.length === 0) this.#byName.delete(name);
    return taken;
  }

  /** Whoever has the function finds them. */
  drop(name: string): void {
    this.#count -= this.#byName.get(name)?.length ?? 0;
    this.#byName.delete(name);
  }
}
