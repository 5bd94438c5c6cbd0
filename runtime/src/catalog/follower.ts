import { setTimeout as sleep } from "node:timers/promises";
import { and, asc, eq, gt, isNull, sql } from "drizzle-orm";
import type { Logger } from "pino";
import type { OperatorSettings } from "../configuration/manifest.ts";
import type { Database } from "../database/database.ts";
import { explainDatabaseError } from "../database/explain.ts";
import { catalogState, functions, versions } from "../database/schema.ts";
import type { FunctionSources } from "../functions/function-sources.ts";
import { StoredFunction } from "./stored-function.ts";

const LOOK_EVERY_MILLISECONDS = 500;
const LONGEST_PAUSE_MILLISECONDS = 5_000;
const ROWS_AT_A_TIME = 1_000;

/** What a {@link CatalogFollower} needs. */
export interface FollowerParts {
  readonly db: Database;
  readonly functions: FunctionSources;
  readonly operator: OperatorSettings;
  readonly log: Logger;
}

/**
 * Has the runtime's functions follow the catalog: looks every half second whether it has changed, and reads what did.
 * While the database is away it looks less often, and what runs goes on.
 */
export class CatalogFollower {
  readonly #parts: FollowerParts;
  readonly #stopping = new AbortController();
  /** How far the catalog is followed. */
  #revision = 0;
  #purged = 0;
  #running: Promise<void> = Promise.resolve();
  #looking: Promise<void> | undefined;
  #isAway = false;
  /** Strings that many functions share. */
  readonly #owners = new Map<string, string>();

  constructor(parts: FollowerParts) {
    this.#parts = parts;
  }

  /**
   * Read all of it, and follow it from then on.
   *
   * @throws Error where the database is away.
   */
  async start(): Promise<void> {
    await this.look();
    this.#running = this.#run();
  }

  /**
   * Look now. What was committed before runs afterwards, or waits for its first call.
   *
   * @throws Error where the database is away.
   */
  async look(): Promise<void> {
    // One that is under way may have looked before.
    await this.#looking?.catch(() => {});
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    await this.#looking;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await this.#looking?.catch(() => {});
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    let pause = LOOK_EVERY_MILLISECONDS;
    while (!signal.aborted) {
      await sleep(pause, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      try {
        await this.look();
        if (this.#isAway) this.#parts.log.info("the catalog is there again: its functions follow it");
        this.#isAway = false;
        pause = LOOK_EVERY_MILLISECONDS;
      } catch (error) {
        const message = explainDatabaseError(error);
        if (!this.#isAway) {
          this.#parts.log.warn({ reason: message }, `the catalog is away, its functions go on: ${message}`);
        }
        this.#isAway = true;
        pause = Math.min(2 * pause, LONGEST_PAUSE_MILLISECONDS);
      }
    }
  }

  async #look(): Promise<void> {
    const { db } = this.#parts;
    const [state] = await db
      .select({ revision: catalogState.revision, purged: catalogState.purged })
      .from(catalogState);
    if (state === undefined || state.revision === this.#revision) return;
    // The database was put back to an earlier time.
    if (state.revision < this.#revision) this.#revision = -1;
    const isPurged = state.purged > this.#purged || this.#revision < 0;
    const gone = isPurged ? await this.#goneNames() : [];
    await this.#readChanges(gone);
    this.#revision = Math.max(this.#revision, state.revision);
    this.#purged = state.purged;
  }

  /** Names that run here and are no more. */
  async #goneNames(): Promise<string[]> {
    const { db, functions: sources } = this.#parts;
    const rows = await db.select({ name: functions.name }).from(functions).where(isNull(functions.deletedAt));
    const there = new Set(rows.map(({ name }) => name));
    return sources.namesOfCatalog.filter((name) => !there.has(name));
  }

  /** Revisions are committed in their order: what is read has all that came before it. */
  async #readChanges(gone: readonly string[]): Promise<void> {
    const { db, functions: sources, operator } = this.#parts;
    for (let isFirst = true; ; isFirst = false) {
      const rows = await db
        .select({
          name: functions.name,
          owner: functions.owner,
          isPaused: functions.isPaused,
          isDeleted: sql<boolean>`${functions.deletedAt} is not null`,
          revision: functions.revision,
          version: functions.version,
          digest: versions.package,
          manifest: sql<string>`${versions.manifest}::text`,
        })
        .from(functions)
        .innerJoin(
          versions,
          and(eq(versions.function, functions.name), eq(versions.number, functions.version)),
        )
        .where(gt(functions.revision, this.#revision))
        .orderBy(asc(functions.revision))
        .limit(ROWS_AT_A_TIME);
      const changed = rows
        .filter(({ isDeleted }) => !isDeleted)
        .map((row) => new StoredFunction({ ...row, owner: this.#sharedOwner(row.owner) }, operator));
      const deleted = rows.filter(({ isDeleted }) => isDeleted).map(({ name }) => name);
      await sources.changeCatalog(changed, isFirst ? [...gone, ...deleted] : deleted);
      this.#revision = rows.at(-1)?.revision ?? this.#revision;
      if (rows.length < ROWS_AT_A_TIME) return;
    }
  }

  #sharedOwner(owner: string): string {
    const known = this.#owners.get(owner);
    if (known !== undefined) return known;
    this.#owners.set(owner, owner);
    return owner;
  }
}
