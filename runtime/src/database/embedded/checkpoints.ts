import type pg from "pg";

const LOOK_EVERY_MILLISECONDS = 60_000;
/** So much of its log is worth one: while little is written, none is made. */
const WORTH_BYTES = 64 * 1024 ** 2;
const IS_DUE = `select pg_current_wal_lsn() - redo_lsn >= ${WORTH_BYTES} as "isDue" from pg_control_checkpoint()`;

/**
 * Makes the embedded database write out what is only in its log, so that files of the log are used again. PostgreSQL has
 * a process for that; PGlite has one process for all, which does so only when it is closed: the log would grow for as
 * long as the runtime runs, and all of it would be read again after a crash.
 */
export class Checkpoints {
  readonly #pool: pg.Pool;
  readonly #timer: NodeJS.Timeout;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
    // Where the database is away, others say so, and the next look tries again.
    this.#timer = setInterval(() => void this.look().catch(() => {}), LOOK_EVERY_MILLISECONDS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Make one where it is worth it. @throws Error where the database is away. */
  async look(): Promise<void> {
    const { rows } = await this.#pool.query<{ isDue: boolean }>(IS_DUE);
    if (rows[0]?.isDue === true) await this.#pool.query("checkpoint");
  }
}
