import { type SQL, sql } from "drizzle-orm";
import type { Database } from "../database/database.ts";
import type { Day } from "./calendar.ts";
import type { UsageSums } from "./usage-row.ts";

/** What usage can be told apart by. */
export const USAGE_GROUPS = ["day", "owner", "function", "class"] as const;
export type UsageGroup = (typeof USAGE_GROUPS)[number];

const COLUMNS: Readonly<Record<UsageGroup, SQL>> = {
  day: sql`day`,
  owner: sql`owner`,
  function: sql`"function"`,
  class: sql`class`,
};

/** Which usage is asked for; what is undefined does not matter. */
export interface UsageQuery {
  readonly from: Day;
  /** The last day. */
  readonly to: Day;
  readonly owner: string | undefined;
  readonly function: string | undefined;
  readonly class: string | undefined;
  /** Told apart by these, in this order. */
  readonly group: readonly UsageGroup[];
  readonly offset: number;
  readonly limit: number;
}

/** A group, and what its runs used on each day and in each class: prices depend on those. */
export interface UsageOfGroup {
  readonly group: Readonly<Partial<Record<UsageGroup, string>>>;
  readonly parts: readonly (UsageSums & { readonly day: Day; readonly class: string })[];
}

interface StoredPart {
  readonly d: string;
  readonly c: string;
  readonly r: string;
  readonly b: string;
  readonly m: string;
  readonly p: string;
}

/** Usage by groups, in the order of their names. */
export async function findUsage(db: Database, query: UsageQuery): Promise<UsageOfGroup[]> {
  const columns = query.group.map((name) => COLUMNS[name]);
  const list = columns.length === 0 ? sql`()` : sql.join(columns, sql`, `);
  const names = query.group.map((name) => sql`${COLUMNS[name]}::text as ${sql.identifier(`by_${name}`)}`);
  const { rows } = await db.execute<Record<string, unknown> & { parts: StoredPart[] }>(sql`
    with found as (
      select day, ${query.group.includes("owner") ? sql`owner` : sql`'' as owner`},
        ${query.group.includes("function") ? sql`"function"` : sql`'' as "function"`}, class, sum(runs) as runs,
        sum(billed_milliseconds) as billed, sum(mebibyte_milliseconds) as memory, sum(cpu_microseconds) as cpu
      from usage
      where day >= ${query.from}::date and day <= ${query.to}::date and ${filter(query)}
      group by 1, 2, 3, 4
    )
    select ${sql.join([...names, sql`json_agg(json_build_object('d', day::text, 'c', class, 'r', runs::text, 'b', billed::text, 'm', memory::text, 'p', cpu::text)) as parts`], sql`, `)}
    from found
    group by ${list}
    ${columns.length === 0 ? sql`having count(*) > 0` : sql`order by ${list}`}
    limit ${query.limit} offset ${query.offset}
  `);
  return rows.map((row) => ({
    group: Object.fromEntries(query.group.map((name) => [name, row[`by_${name}`]])),
    parts: row.parts.map(({ d, c, r, b, m, p }) => ({
      day: d,
      class: c,
      runs: BigInt(r),
      billedMilliseconds: BigInt(b),
      mebibyteMilliseconds: BigInt(m),
      cpuMicroseconds: BigInt(p),
    })),
  }));
}

function filter({ owner, function: name, class: of }: UsageQuery): SQL {
  const conditions = [sql`true`];
  if (owner !== undefined) conditions.push(sql`owner = ${owner}`);
  if (name !== undefined) conditions.push(sql`"function" = ${name}`);
  if (of !== undefined) conditions.push(sql`class = ${of}`);
  return sql.join(conditions, sql` and `);
}
