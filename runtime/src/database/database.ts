import { drizzle, type NodePgDatabase } from "drizzle-orm/node-postgres";
import type pg from "pg";
import type { Logger } from "pino";
import { openEmbedded } from "./embedded/embedded.ts";
import { migrateDatabase } from "./migrate.ts";
import { openPostgresql } from "./postgresql.ts";
import { transactionsOn } from "./transactions.ts";

/** Queries by Drizzle; `$client` is the pool of connections. */
export type Database = NodePgDatabase & { readonly $client: pg.Pool };

/** What a transaction is given. */
export type Transaction = Parameters<Parameters<Database["transaction"]>[0]>[0];

/** Where the catalog and the runs are kept. */
export type DatabaseAddress =
  | { readonly kind: "postgresql"; readonly url: string }
  /** PGlite in a process of its own; the folder is this runtime's alone. */
  | { readonly kind: "embedded"; readonly folder: string };

/** A database that is there, with every table. */
export interface OpenDatabase {
  readonly db: Database;
  readonly kind: DatabaseAddress["kind"];
  /** Where it is, for people; without its password. */
  readonly place: string;
  stop(): Promise<void>;
}

/**
 * Open the database and bring its tables up to date.
 *
 * @param signal aborted where nobody waits for it any more.
 * @throws ConfigurationError where it is of a newer Gaugelet.
 * @throws Error where it cannot be reached, or the folder is another process's.
 */
export async function openDatabase(
  address: DatabaseAddress,
  log: Logger,
  signal: AbortSignal = new AbortController().signal,
): Promise<OpenDatabase> {
  const opened =
    address.kind === "postgresql"
      ? openPostgresql(address.url, log)
      : await openEmbedded(address.folder, log, signal);
  const { pool, place } = opened;
  // Whoever has a connection that ends is told by its query; without a listener the process would end.
  pool.on("connect", (client) => client.on("error", () => {}));
  const db = Object.assign(drizzle(pool), { transaction: transactionsOn(pool) });
  const stop = (): Promise<void> => opened.stop();
  try {
    await migrateDatabase(pool, signal);
  } catch (error) {
    await stop().catch(() => {});
    throw error;
  }
  return { db, kind: address.kind, place, stop };
}
