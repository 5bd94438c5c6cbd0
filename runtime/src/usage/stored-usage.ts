import { type SQL, sql } from "drizzle-orm";
import type { Database, Transaction } from "../database/database.ts";
import { firstDayOf, type Month, nextMonth } from "./calendar.ts";
import type { UsageRow } from "./usage-row.ts";

/** A row as the database gives it: large numbers as text. */
interface StoredRow extends Record<string, unknown> {
  readonly day: string;
  readonly owner: string;
  readonly function: string;
  readonly class: string;
  readonly runs: string;
  readonly billed: string;
  readonly memory: string;
  readonly cpu: string;
}

/** Where usage is read from. */
type Reader = Database | Transaction;

/** What a month's runs used, by day. @param owners these alone; undefined: all. */
export async function usageOfMonth(
  db: Reader,
  month: Month,
  owners?: readonly string[],
): Promise<UsageRow[]> {
  const { rows } = await db.execute<StoredRow>(sql`
    select day::text, owner, "function", class, runs::text, billed_milliseconds::text as billed,
      mebibyte_milliseconds::text as memory, cpu_microseconds::text as cpu
    from usage
    where ${inMonth(sql`day`, month)} and ${ofOwners(owners)}
  `);
  return rows.map(readRow);
}

/**
 * The same by owner, day and class alone, which is all that {@link spentOf} needs: `function` is empty.
 *
 * @param owners these alone; undefined: all.
 */
export async function spendingOfMonth(
  db: Reader,
  month: Month,
  owners?: readonly string[],
): Promise<UsageRow[]> {
  const { rows } = await db.execute<StoredRow>(sql`
    select day::text, owner, '' as "function", class, sum(runs)::text as runs,
      sum(billed_milliseconds)::text as billed, sum(mebibyte_milliseconds)::text as memory,
      sum(cpu_microseconds)::text as cpu
    from usage
    where ${inMonth(sql`day`, month)} and ${ofOwners(owners)}
    group by day, owner, class
  `);
  return rows.map(readRow);
}

/** Owners who used something in a month, by their names. @param after the last that is known already. */
export async function ownersOfMonth(
  db: Reader,
  month: Month,
  after: string | undefined,
  limit: number | undefined,
): Promise<string[]> {
  const isLater = after === undefined ? sql`true` : sql`owner collate "C" > ${after}`;
  const { rows } = await db.execute<{ owner: string }>(sql`
    select owner from (select distinct owner from usage where ${inMonth(sql`day`, month)} and ${isLater}) as found
    order by owner collate "C" limit ${limit ?? null}
  `);
  return rows.map(({ owner }) => owner);
}

/**
 * What usage is where it is computed again from the runs: the same as {@link usageOfMonth} where every run is recorded
 * and none was deleted by its age.
 */
export async function usageOfRuns(db: Reader, month: Month, owners?: readonly string[]): Promise<UsageRow[]> {
  const { rows } = await db.execute<StoredRow>(sql`
    select (queued_at at time zone 'UTC')::date::text as day, owner, "function", class, count(*)::text as runs,
      sum(billed_milliseconds)::text as billed, sum(mebibyte_milliseconds)::text as memory,
      sum(cpu_microseconds)::text as cpu
    from runs
    where queued_at >= ${`${firstDayOf(month)}T00:00:00Z`}::timestamptz
      and queued_at < ${`${firstDayOf(nextMonth(month))}T00:00:00Z`}::timestamptz
      and status not in ('waiting', 'running') and ${ofOwners(owners)}
    group by 1, 2, 3, 4
  `);
  return rows.map(readRow);
}

function inMonth(day: SQL, month: Month): SQL {
  return sql`${day} >= ${firstDayOf(month)}::date and ${day} < ${firstDayOf(nextMonth(month))}::date`;
}

function ofOwners(owners: readonly string[] | undefined): SQL {
  return owners === undefined ? sql`true` : sql`owner = any(${sql.param([...owners])}::text[])`;
}

function readRow({ runs, billed, memory, cpu, day, owner, function: name, class: of }: StoredRow): UsageRow {
  return {
    day,
    owner,
    function: name,
    class: of,
    runs: BigInt(runs),
    billedMilliseconds: BigInt(billed),
    mebibyteMilliseconds: BigInt(memory),
    cpuMicroseconds: BigInt(cpu),
  };
}
