import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import pg from "pg";
import type { Logger } from "pino";
import type { OpenPool } from "../postgresql.ts";
import { DatabaseProcess } from "./database-process.ts";

/**
 * PGlite, in a process of its own: neither its work nor its memory is in the way of calls, and where it ends it is
 * started again. It is reached over a pair of sockets that no other program can open.
 *
 * It serves one connection: two would share one session.
 *
 * @throws Error where another process uses the folder.
 */
export async function openEmbedded(folder: string, log: Logger, signal: AbortSignal): Promise<OpenPool> {
  // Beside it are the packages, which workers read that are users of their own.
  await mkdir(dirname(folder), { recursive: true, mode: 0o711 });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const database = new DatabaseProcess(folder, log);
  await database.start(signal);
  const pool = new pg.Pool({
    stream: () => database.connection(),
    max: 1,
    idleTimeoutMillis: 0,
    user: "postgres",
    database: "postgres",
  });
  pool.on("error", ({ message }) =>
    log.warn({ reason: message }, "lost the connection to the embedded database"),
  );
  const stop = async (): Promise<void> => {
    await pool.end();
    // The next one to open the folder must find it free.
    await database.ended();
  };
  return { pool, place: folder, stop };
}
