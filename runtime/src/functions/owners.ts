import { eq } from "drizzle-orm";
import type { Caller } from "../access/caller.ts";
import type { Database } from "../database/database.ts";
import { functions } from "../database/schema.ts";
import type { FunctionSet } from "./function-set.ts";

/** Says whose functions are: those of the catalog, also deleted ones, and those that run here from a file. */
export class FunctionOwners {
  readonly #db: Database;
  readonly #running: Pick<FunctionSet, "runners">;

  constructor(db: Database, running: Pick<FunctionSet, "runners">) {
    this.#db = db;
    this.#running = running;
  }

  /** "" where nobody is named; undefined: there is no such function. */
  async ownerOf(name: string): Promise<string | undefined> {
    const [found] = await this.#db
      .select({ owner: functions.owner })
      .from(functions)
      .where(eq(functions.name, name));
    return (
      found?.owner ??
      this.#running.runners.find(({ definition }) => definition.name === name)?.definition.owner
    );
  }

  /** Whether somebody may see what a function was given, and decide about it. */
  async isOf(caller: Caller, name: string): Promise<boolean> {
    const owner = await this.ownerOf(name);
    return owner !== undefined && (caller.role === "admin" || owner === caller.user);
  }
}
