import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import pg from "pg";
import type { Logger } from "pino";
import { type OpenPool, QUERY_MILLISECONDS } from "../postgresql.ts";
import { Checkpoints } from "./checkpoints.ts";
import { DatabaseProcess, type ProcessPatience } from "./database-process.ts";

/** How long there may be no answer. */
export interface Patience extends ProcessPatience {
  /** To a query, in milliseconds. */
  readonly query: number;
}

/**
 * Longer than a process takes that makes its database while others use the processors, or reads what was not written
 * yet, and than one takes that closes it, which ends by itself.
 */
const PATIENCE: Patience = { ready: 10 * 60_000, query: QUERY_MILLISECONDS, end: 65_000 };

/**
 * PGlite, in a process of its own: neither its work nor its memory is in the way of calls, and where it ends it is
 * started again. It is reached over a pair of sockets that no other program can open.
 *
 * It serves one connection: two would share one session.
 *
 * @throws Error where another process uses the folder.
 */
export async function openEmbedded(
  folder: string,
  log: Logger,
  signal: AbortSignal,
  patience: Patience = PATIENCE,
): Promise<OpenPool> {
  // Beside it are the packages, which workers read that are users of their own.
  await mkdir(dirname(folder), { recursive: true, mode: 0o711 });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const database = new DatabaseProcess(folder, log, patience);
  await database.start(signal);
  const pool = new pg.Pool({
    stream: () => database.connection(),
    max: 1,
    idleTimeoutMillis: 0,
    query_timeout: patience.query,
    user: "postgres",
    database: "postgres",
  });
  pool.on("error", ({ message }) =>
    log.warn({ reason: message }, "lost the connection to the embedded database"),
  );
  const checkpoints = new Checkpoints(pool);
  const stop = async (): Promise<void> => {
    checkpoints.stop();
    await pool.end();
    // The next one to open the folder must find it free.
    await database.ended();
  };
  return { pool, place: folder, stop };
}
