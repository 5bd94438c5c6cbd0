import { drizzle, type NodePgDatabase } from "drizzle-orm/node-postgres";
import type { Pool, PoolClient } from "pg";
import { isDatabaseAway } from "./is-away.ts";

/** Runs some work in a transaction: all of it is committed, or nothing where it throws. */
export type RunTransaction = NodePgDatabase["transaction"];

/**
 * Transactions on a pool that loses none of its connections over them. Drizzle's own keeps the connection for ever where
 * `begin` fails (drizzle-team/drizzle-orm#6114), and gives one that is lost back as if it were sound: of a database that
 * went away a few times there would be no connection left.
 */
export function transactionsOn(pool: Pool): RunTransaction {
  return async (work, config) => {
    const client: PoolClient = await pool.connect();
    let lost: Error | undefined;
    try {
      return await drizzle(client).transaction(work, config);
    } catch (error) {
      if (isDatabaseAway(error)) lost = error as Error;
      throw error;
    } finally {
      client.release(lost);
    }
  };
}
