import { isDatabaseAway } from "../database/is-away.ts";
import type { Role } from "../database/schema/access.ts";
import { within } from "../within.ts";

/** So long somebody is who they were, without the database being asked. */
const FRESH_MILLISECONDS = 5_000;
/** From then on it is asked meanwhile, so that whoever comes often never waits for it. */
const ASK_AHEAD_MILLISECONDS = 2_000;
/** So long where the database is away. */
const AWAY_MILLISECONDS = 60_000;
/** A database that takes longer counts as away, for those who are known. */
const PATIENCE_MILLISECONDS = 1_000;
const MAX_KNOWN = 10_000;

/** Somebody who was found. */
export interface KnownUser {
  readonly user: string;
  readonly role: Role;
  /** Unix milliseconds; undefined: does not end by itself. */
  readonly expiresAt?: number | undefined;
}

interface Entry {
  readonly found: KnownUser;
  /** Of a clock that does not jump. */
  readonly checkedAt: number;
  askedAt: number;
  isAway: boolean;
}

/**
 * Who the database said that somebody is, remembered for a few seconds: requests do not wait for it, and while it is
 * away those who are known go on for a minute.
 */
export class KnownCallers {
  readonly #find: (key: string) => Promise<KnownUser | undefined>;
  readonly #known = new Map<string, Entry>();
  readonly #asking = new Map<string, Promise<KnownUser | undefined>>();
  /** Counts what has changed. */
  #generation = 0;

  /** @param find asks the database; rejects where that is away. */
  constructor(find: (key: string) => Promise<KnownUser | undefined>) {
    this.#find = find;
  }

  /** Who is known without asking; undefined: ask. */
  peek(key: string): KnownUser | undefined {
    const entry = this.#known.get(key);
    if (entry === undefined) return undefined;
    const now = performance.now();
    const age = now - entry.checkedAt;
    if (age > (entry.isAway ? AWAY_MILLISECONDS : FRESH_MILLISECONDS) || hasExpired(entry.found)) {
      return undefined;
    }
    if (age > ASK_AHEAD_MILLISECONDS && now - entry.askedAt > PATIENCE_MILLISECONDS) {
      entry.askedAt = now;
      this.#ask(key).catch(() => {});
    }
    return entry.found;
  }

  /**
   * Who somebody is.
   *
   * @throws the database's error where it is away and they are not known from the last minute.
   */
  async find(key: string): Promise<KnownUser | undefined> {
    const known = this.peek(key);
    if (known !== undefined) return known;
    const entry = this.#known.get(key);
    const asking = this.#ask(key);
    if (entry === undefined || performance.now() - entry.checkedAt > AWAY_MILLISECONDS) return await asking;
    try {
      const answer = await within(PATIENCE_MILLISECONDS, asking, LATE);
      if (answer !== LATE) return answer;
    } catch (error) {
      if (!isDatabaseAway(error)) throw error;
    }
    entry.isAway = true;
    return hasExpired(entry.found) || this.#known.get(key) !== entry ? undefined : entry.found;
  }

  /** Something has changed: ask again for everybody. */
  forget(): void {
    this.#generation += 1;
    this.#known.clear();
    this.#asking.clear();
  }

  #ask(key: string): Promise<KnownUser | undefined> {
    const begun = this.#asking.get(key);
    if (begun !== undefined) return begun;
    const generation = this.#generation;
    const asking = this.#find(key)
      .then(
        (found) => {
          // What was asked for before something changed is not remembered.
          if (generation === this.#generation) this.#remember(key, found);
          return found;
        },
        (error: unknown) => {
          const entry = this.#known.get(key);
          if (entry !== undefined && isDatabaseAway(error)) entry.isAway = true;
          throw error;
        },
      )
      .finally(() => {
        if (this.#asking.get(key) === asking) this.#asking.delete(key);
      });
    this.#asking.set(key, asking);
    return asking;
  }

  #remember(key: string, found: KnownUser | undefined): void {
    this.#known.delete(key);
    if (found === undefined) return;
    const now = performance.now();
    this.#known.set(key, { found, checkedAt: now, askedAt: now, isAway: false });
    if (this.#known.size <= MAX_KNOWN) return;
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      break;
    }
  }
}

const LATE = Symbol("the database is late");

function hasExpired({ expiresAt }: KnownUser): boolean {
  return expiresAt !== undefined && expiresAt <= Date.now();
}
