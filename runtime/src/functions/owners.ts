import { eq } from "drizzle-orm";
import type { Caller } from "../access/caller.ts";
import type { Database } from "../database/database.ts";
import { functions } from "../database/schema.ts";
import type { FunctionSources } from "./function-sources.ts";

/**
 * Says whose functions are: those that run here from a file, and those of the catalog, also deleted ones, whose names
 * the file does not have.
 */
export class FunctionOwners {
  readonly #db: Database;
  readonly #sources: Pick<FunctionSources, "ofFile" | "isOfFile">;

  constructor(db: Database, sources: Pick<FunctionSources, "ofFile" | "isOfFile">) {
    this.#db = db;
    this.#sources = sources;
  }

  /** "" where nobody is named; undefined: there is no such function. */
  async ownerOf(name: string): Promise<string | undefined> {
    if (this.#sources.isOfFile(name)) {
      return this.#sources.ofFile.find((definition) => definition.name === name)?.owner;
    }
    const [found] = await this.#db
      .select({ owner: functions.owner })
      .from(functions)
      .where(eq(functions.name, name));
    return found?.owner;
  }

  /** Whether somebody may see what a function was given, and decide about it. */
  async isOf(caller: Caller, name: string): Promise<boolean> {
    const owner = await this.ownerOf(name);
    return owner !== undefined && (caller.role === "admin" || owner === caller.user);
  }
}
