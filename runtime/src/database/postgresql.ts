import pg from "pg";
import type { Logger } from "pino";

const MAX_CONNECTIONS = 8;
const CONNECT_MILLISECONDS = 5_000;
/** No query of ours takes longer; one that does must not keep its connection for ever. */
export const QUERY_MILLISECONDS = 60_000;
const KEEP_ALIVE_MILLISECONDS = 10_000;

/**
 * To compile a query over many partitions takes longer than any of ours runs. And what is long of runs is compressed:
 * PostgreSQL's own way took more than a quarter of the time of writing them. LZ4, which it has unless it was built
 * without, takes hardly any, and the result is an eighth larger.
 *
 * Days and times are read as ISO has them, and the tables are in `public`, whatever the server, the database or the user
 * is set to: a schema with the user's name comes first otherwise.
 */
const SETTINGS = `
  set jit = off;
  set datestyle = 'ISO';
  select set_config('search_path', concat_ws(', ', 'public', nullif(current_setting('search_path'), '')), false)
  where current_schema() is distinct from 'public';
  select set_config(name, 'lz4', false) from pg_settings
  where name = 'default_toast_compression' and 'lz4' = any (enumvals)
`;

/** Is waited for before a connection is used, though its type does not say so. */
const SET_UP: object = {
  async onConnect(client: pg.ClientBase) {
    await client.query(SETTINGS);
  },
};

/** What both kinds of databases are reached by. */
export interface OpenPool {
  readonly pool: pg.Pool;
  readonly place: string;
  /** Resolves when nothing is used any more. */
  stop(): Promise<void>;
}

/** A pool of connections to a PostgreSQL. Connects when it is first asked for something. */
export function openPostgresql(url: string, log: Logger): OpenPool {
  const pool = new pg.Pool({
    connectionString: url,
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MILLISECONDS,
    query_timeout: QUERY_MILLISECONDS,
    // A server that is gone without a word is noticed by what has no limit, too.
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MILLISECONDS,
    application_name: "gaugelet",
    ...SET_UP,
  });
  const place = placeOf(url);
  pool.on("error", ({ message }) =>
    log.warn({ reason: message }, `lost a connection to PostgreSQL at ${place}`),
  );
  return { pool, place, stop: () => pool.end() };
}

function placeOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}
