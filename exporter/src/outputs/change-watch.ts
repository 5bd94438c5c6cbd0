import { hash } from "node:crypto";

interface Sighting {
  readonly digest: string;
  /** When these bytes were first seen, in milliseconds. */
  readonly since: number;
}

/** Remembers when the bytes of outputs last changed, for outputs of which nobody says when they were stored. */
export class ChangeWatch {
  #seen = new Map<string, Sighting>();

  /**
   * Look at all outputs that are watched; those that are not among them are forgotten.
   *
   * @param now milliseconds.
   * @returns by key, seconds since the bytes changed or were first seen.
   */
  look(contents: ReadonlyMap<string, Buffer>, now: number): ReadonlyMap<string, number> {
    const seen = new Map<string, Sighting>();
    const ages = new Map<string, number>();
    for (const [key, bytes] of contents) {
      const digest = hash("sha1", bytes);
      const before = this.#seen.get(key);
      const entry = before?.digest === digest ? before : { digest, since: now };
      seen.set(key, entry);
      ages.set(key, (now - entry.since) / 1000);
    }
    this.#seen = seen;
    return ages;
  }
}
