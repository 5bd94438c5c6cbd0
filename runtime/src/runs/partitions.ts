import { sql } from "drizzle-orm";
import type { Database } from "../database/database.ts";
import { dateOf, MILLISECONDS_OF_DAY } from "./run-batch.ts";

/** Days that have a partition before they begin. */
const DAYS_AHEAD = 2;
/** A partition is made or dropped at once or, where somebody reads for long, the next time. */
const LOCK_TIMEOUT = "2s";
/** Deleted at a time from the partition that is for no day. */
const MOST_DELETED = 10_000;

/** How long runs are kept. */
export interface Retention {
  /** Seconds. */
  readonly retention: number;
  /** Undefined: any. */
  readonly maxBytes: number | undefined;
}

/** A table with the runs of one day. */
export interface Partition {
  readonly name: string;
  /** Days since 1970. */
  readonly day: number;
  readonly bytes: number;
}

/**
 * Make the partitions of the coming days, and drop those that are too old, and the oldest ones while all of them are too
 * large; that of today stays. What belongs to no partition of a day is in `runs_default`, and is deleted by age.
 *
 * @returns names of what was dropped.
 */
export async function keepPartitions(
  db: Database,
  { retention, maxBytes }: Retention,
  now: number,
): Promise<readonly string[]> {
  const today = Math.floor(now / MILLISECONDS_OF_DAY);
  const there = await partitionsOf(db);
  for (let day = today; day <= today + DAYS_AHEAD; day += 1) {
    if (!there.some((each) => each.day === day)) await makePartition(db, day);
  }
  const oldest = Math.floor((now - retention * 1000) / MILLISECONDS_OF_DAY);
  const dropped = there.filter(({ day }) => day < oldest);
  const kept = there.filter(({ day }) => day >= oldest).sort((a, b) => b.day - a.day);
  let bytes = kept.reduce((sum, each) => sum + each.bytes, 0);
  while (maxBytes !== undefined && bytes > maxBytes) {
    const last = kept.pop();
    if (last === undefined || last.day >= today) break;
    bytes -= last.bytes;
    dropped.push(last);
  }
  for (const { name } of dropped) await change(db, `drop table if exists "${name}"`);
  await db.execute(sql`
    delete from runs_default where (id, queued_at) in (
      select id, queued_at from runs_default
      where queued_at < ${new Date(now - retention * 1000).toISOString()}::timestamptz limit ${MOST_DELETED}
    )
  `);
  return dropped.map(({ name }) => name);
}

/** The partitions that there are of days. */
export async function partitionsOf(db: Database): Promise<Partition[]> {
  const { rows } = await db.execute<{ name: string; bytes: string }>(sql`
    select c.relname as name, pg_total_relation_size(c.oid) as bytes
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'runs'::regclass
  `);
  return rows.flatMap(({ name, bytes }) => {
    const [, year, month, date] = /^runs_(\d{4})(\d{2})(\d{2})$/.exec(name) ?? [];
    if (year === undefined) return [];
    const day = Date.parse(`${year}-${month}-${date}T00:00:00Z`) / MILLISECONDS_OF_DAY;
    return [{ name, day, bytes: Number(bytes) }];
  });
}

/** Make that of a day, where there is none. @param day days since 1970. */
export async function makePartition(db: Database, day: number): Promise<void> {
  const name = `runs_${dateOf(day).replaceAll("-", "")}`;
  const [from, to] = [day, day + 1].map((each) => `${dateOf(each)} 00:00:00+00`);
  try {
    await change(
      db,
      `create table if not exists "${name}" partition of runs for values from ('${from}') to ('${to}')`,
    );
  } catch (error) {
    // Runs of that day are in the default partition already, and stay there.
    const { code = (error as { cause?: { code?: string } }).cause?.code } = error as { code?: string };
    if (code !== "23514") throw error;
  }
}

async function change(db: Database, statement: string): Promise<void> {
  await db.transaction(async (transaction) => {
    await transaction.execute(sql.raw(`set local lock_timeout = '${LOCK_TIMEOUT}'`));
    await transaction.execute(sql.raw(statement));
  });
}
