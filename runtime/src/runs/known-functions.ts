import { and, eq, isNull } from "drizzle-orm";
import type { Database } from "../database/database.ts";
import { functions } from "../database/schema/catalog.ts";
import type { Target } from "../triggers/http/targets.ts";

/** What is to be known of a function to call it, or to look at its runs. */
export interface KnownFunction {
  readonly name: string;
  readonly owner: string;
  /** Where it runs in this runtime. */
  readonly target: Target | undefined;
}

/** Finds functions that run here or are in the catalog. */
export class KnownFunctions {
  readonly #db: Database;
  readonly #targets: ReadonlyMap<string, Target>;

  constructor(db: Database, targets: ReadonlyMap<string, Target>) {
    this.#db = db;
    this.#targets = targets;
  }

  /** Where it runs in this runtime; undefined where it does not. */
  here(name: string): Target | undefined {
    return this.#targets.get(name);
  }

  /** {@link here}, put together where it is not yet. */
  async ready(name: string): Promise<Target | undefined> {
    const target = this.#targets.get(name);
    return target?.awaken === undefined ? target : await target.awaken();
  }

  /** Undefined where there is no such function. */
  async find(name: string): Promise<KnownFunction | undefined> {
    const target = this.#targets.get(name);
    if (target !== undefined) return { name, owner: target.callable.definition.owner, target };
    const [found] = await this.#db
      .select({ owner: functions.owner })
      .from(functions)
      .where(and(eq(functions.name, name), isNull(functions.deletedAt)));
    return found && { name, owner: found.owner, target: undefined };
  }
}
