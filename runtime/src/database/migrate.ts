import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ConfigurationError } from "@gaugelet/shared/configuration";
import { drizzle } from "drizzle-orm/node-postgres";
import { migrate } from "drizzle-orm/node-postgres/migrator";
import type pg from "pg";

const FOLDER = fileURLToPath(new URL("../../migrations", import.meta.url));
const TABLE = { migrationsSchema: "public", migrationsTable: "migrations" } as const;
/** Whichever runtime is first migrates, and the others wait; any number that nobody else has chosen. */
export const MIGRATION_LOCK = 4_207_421;

/**
 * Bring the tables up to date: all steps in one transaction, so that an interrupted one leaves what was there.
 *
 * @param signal cuts the connection, and with it what is under way.
 * @throws ConfigurationError where the tables are of a newer Gaugelet than this, or the database is no place for any.
 */
export async function migrateDatabase(pool: pg.Pool, signal: AbortSignal): Promise<void> {
  const newest = await newestMigration();
  const client = await pool.connect();
  const cut = (): void => void (client as unknown as pg.Client).end().catch(() => {});
  signal.addEventListener("abort", cut);
  const limit = limitQueries(client, false);
  try {
    signal.throwIfAborted();
    await client.query("set statement_timeout = 0");
    await client.query("select pg_advisory_lock($1)", [MIGRATION_LOCK]);
    const applied = await newestApplied(client);
    if (applied === 0) await checkEncoding(client);
    if (applied > newest) {
      throw new ConfigurationError(
        "the database was made by a newer Gaugelet than this one; start that one, or restore a backup from before",
      );
    }
    await migrate(drizzle(client), { migrationsFolder: FOLDER, ...TABLE });
    await client.query("select pg_advisory_unlock($1)", [MIGRATION_LOCK]);
    await client.query("reset statement_timeout");
    limitQueries(client, limit);
    client.release();
  } catch (error) {
    // With the connection goes the lock.
    client.release(true);
    throw error;
  } finally {
    signal.removeEventListener("abort", cut);
  }
}

/**
 * Of a new database, whose encoding is chosen yet: one that lacks characters refuses the records of runs that have them.
 *
 * @throws ConfigurationError where it is not UTF-8.
 */
async function checkEncoding(client: pg.PoolClient): Promise<void> {
  const { rows } = await client.query<{ server_encoding: string }>("show server_encoding");
  const encoding = rows[0]?.server_encoding;
  if (encoding === "UTF8") return;
  throw new ConfigurationError(
    `the database has the encoding ${encoding}, which does not keep every text; make it anew: createdb --template=template0 --encoding=UTF8 --locale=C`,
  );
}

/**
 * To change a table of many runs, or to wait for whoever does, takes as long as it takes: cut off by the limit on
 * queries, as by PostgreSQL's own, it would begin anew for ever.
 *
 * @returns what held before.
 */
function limitQueries(client: pg.PoolClient, limit: QueryLimit): QueryLimit {
  // The client has it, though its type does not say so.
  const { connectionParameters } = client as unknown as {
    connectionParameters: { query_timeout: QueryLimit };
  };
  const before = connectionParameters.query_timeout;
  connectionParameters.query_timeout = limit;
  return before;
}

/** Milliseconds; false: none. */
type QueryLimit = number | string | false;

async function newestApplied(client: pg.PoolClient): Promise<number> {
  const { rows } = await client.query<{ exists: boolean }>(
    "select to_regclass('public.migrations') is not null as exists",
  );
  if (rows[0]?.exists !== true) return 0;
  const applied = await client.query<{ newest: string | null }>(
    "select max(created_at) as newest from migrations",
  );
  return Number(applied.rows[0]?.newest ?? 0);
}

/** When the newest migration that is known here was made, Unix milliseconds. */
async function newestMigration(): Promise<number> {
  const journal = JSON.parse(await readFile(join(FOLDER, "meta/_journal.json"), "utf8")) as {
    entries: { when: number }[];
  };
  return Math.max(...journal.entries.map(({ when }) => when));
}
