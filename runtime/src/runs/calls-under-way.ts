import { Shares } from "./shares.ts";

/** What all of them may take; those of one function half of it. */
const MOST_BYTES = 32 * 1024 ** 2;
/** What a call takes beside its body. */
const BESIDE_BYTES = 8 * 1024;

interface UnderWay {
  readonly name: string;
  /** Undefined: it is being put together. */
  callable: unknown;
  since: number;
  /** What it has of what all may take: nothing while it waits to be tried again. */
  bytes: number;
}

/** Accepted calls that this runtime is at, by their entries' ids. */
export class CallsUnderWay {
  readonly #calls = new Map<string, UnderWay>();
  readonly #shares = new Shares(MOST_BYTES);

  has(id: string): boolean {
    return this.#calls.has(id);
  }

  /** Their ids. */
  get ids(): string[] {
    return [...this.#calls.keys()];
  }

  /** Whether one more call of a function may be begun. */
  hasRoom(name: string): boolean {
    return this.#shares.hasRoom(name);
  }

  begin(id: string, name: string, bodyBytes: number): void {
    this.end(id);
    const bytes = BESIDE_BYTES + bodyBytes;
    this.#shares.take(name, bytes);
    this.#calls.set(id, { name, callable: undefined, since: performance.now(), bytes });
  }

  /** Who makes it is there. @returns false where it has ended meanwhile. */
  called(id: string, callable: unknown): boolean {
    const call = this.#calls.get(id);
    if (call === undefined) return false;
    call.callable = callable;
    call.since = performance.now();
    return true;
  }

  /** It waits to be tried again, and takes no room meanwhile. */
  pause(id: string): void {
    const call = this.#calls.get(id);
    if (call !== undefined) this.#giveRoom(call);
  }

  /** It is done, or left to others. */
  end(id: string): void {
    this.pause(id);
    this.#calls.delete(id);
  }

  /** End those whose function is another by now and has not answered for so long. */
  endReplaced(current: (name: string) => unknown, patienceMilliseconds: number): void {
    const now = performance.now();
    for (const [id, { name, callable, since }] of this.#calls) {
      const isReplaced = callable !== undefined && current(name) !== callable;
      if (isReplaced && now - since > patienceMilliseconds) this.end(id);
    }
  }

  #giveRoom(call: UnderWay): void {
    if (call.bytes > 0) this.#shares.give(call.name, call.bytes);
    call.bytes = 0;
  }
}
