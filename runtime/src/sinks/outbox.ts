import { setTimeout as sleep } from "node:timers/promises";
import type { OutputEntry } from "@gaugelet/shared/outputs";
import type { RedisStore, StoreRecord } from "./redis-store.ts";

/** After a step for so many calls at once the next one waits, so that it is for many again. */
const MANY_CALLS = 8;
const WAIT_FOR_MORE_MILLISECONDS = 5;

/** What some calls came to, oldest first. */
export interface Handled {
  /** Of the newest call. */
  readonly output: Buffer;
  /** After the newest call; undefined: as it was, or it could not be saved. */
  readonly env: Buffer | undefined;
  readonly positions: ReadonlyMap<string, string>;
  readonly answers: ReadonlyMap<string, Buffer>;
  /** Is called when all of it is stored. */
  readonly onStored: (() => void) | undefined;
}

/**
 * Stores what one output key's calls came to, in order and one step at a time.
 *
 * What comes while a step is under way goes into the next one together: the newest output and `env` with the
 * positions of all. So it holds one record at most, however long Redis is away.
 */
export class Outbox {
  readonly #outputKey: string;
  readonly #store: RedisStore;
  readonly #signal: AbortSignal;
  readonly #entryNow: () => OutputEntry;
  #next:
    | (Omit<StoreRecord, "entry" | "outputKey"> & {
        readonly onStored: (() => void)[];
        readonly puts: number;
      })
    | undefined;
  #working: Promise<void> | undefined;
  #storedAt = Number.NaN;

  /**
   * @param entryNow makes the entry in `gaugelet:outputs` at the time of storing.
   * @param signal ends the patience with Redis: what is not stored then is lost.
   */
  constructor(outputKey: string, entryNow: () => OutputEntry, store: RedisStore, signal: AbortSignal) {
    this.#outputKey = outputKey;
    this.#entryNow = entryNow;
    this.#store = store;
    this.#signal = signal;
  }

  /** When the last output was stored, Unix milliseconds; NaN: none yet. */
  get storedAt(): number {
    return this.#storedAt;
  }

  /** Note what was stored before. */
  noteStored(storedAt: number | null): void {
    if (storedAt !== null) this.#storedAt = storedAt;
  }

  /** Settles when everything is stored, or given up. */
  get idle(): Promise<void> {
    return this.#working ?? Promise.resolve();
  }

  put({ output, env, positions, answers, onStored }: Handled): void {
    const before = this.#next;
    this.#next = {
      output,
      env: env ?? before?.env,
      positions: before === undefined ? positions : new Map([...before.positions, ...positions]),
      answers: before === undefined ? answers : new Map([...before.answers, ...answers]),
      onStored: [...(before?.onStored ?? []), ...(onStored === undefined ? [] : [onStored])],
      puts: (before?.puts ?? 0) + 1,
    };
    this.#working ??= this.#work();
  }

  async #work(): Promise<void> {
    // Whatever else comes in this turn of the event loop goes along.
    await Promise.resolve();
    for (let next = this.#next; next !== undefined; next = this.#next) {
      this.#next = undefined;
      const { onStored, puts, ...record } = next;
      const entry = this.#entryNow();
      const isStored = await this.#store.store(
        { ...record, outputKey: this.#outputKey, entry },
        this.#signal,
      );
      if (isStored) {
        this.#storedAt = entry.storedAt;
        for (const hear of onStored) hear();
      }
      if (puts >= MANY_CALLS && !this.#signal.aborted) await sleep(WAIT_FOR_MORE_MILLISECONDS);
    }
    this.#working = undefined;
  }
}
