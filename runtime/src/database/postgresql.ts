import pg from "pg";
import type { Logger } from "pino";

const MAX_CONNECTIONS = 8;
const CONNECT_MILLISECONDS = 5_000;
/** No query of ours takes longer; one that does must not keep its connection for ever. */
const QUERY_MILLISECONDS = 60_000;

/** What both kinds of databases are reached by. */
export interface OpenPool {
  readonly pool: pg.Pool;
  readonly place: string;
  /** Settles, once the pool is ended, when the database is. */
  readonly ended: () => Promise<void>;
}

/** A pool of connections to a PostgreSQL. Connects when it is first asked for something. */
export function openPostgresql(url: string, log: Logger): OpenPool {
  const pool = new pg.Pool({
    connectionString: url,
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MILLISECONDS,
    query_timeout: QUERY_MILLISECONDS,
    application_name: "gaugelet",
  });
  const place = placeOf(url);
  pool.on("error", ({ message }) =>
    log.warn({ reason: message }, `lost a connection to PostgreSQL at ${place}`),
  );
  return { pool, place, ended: async () => {} };
}

function placeOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}
