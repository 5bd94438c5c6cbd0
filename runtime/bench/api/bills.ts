import { fileURLToPath } from "node:url";
import { type BenchRow, row } from "@gaugelet/testing/bench";
import { sql } from "drizzle-orm";
import { pino } from "pino";
import { type Database, openDatabase } from "../../src/database/database.ts";
import { billOf } from "../../src/usage/bill.ts";
import { readPriceList } from "../../src/usage/price-list.ts";
import { usageOfMonth, usageOfRuns } from "../../src/usage/stored-usage.ts";
import type { UsageRow } from "../../src/usage/usage-row.ts";

const PRICES = fileURLToPath(new URL("../../src/usage/default-prices.yaml", import.meta.url));
const MONTH = "2026-10";
const OWNERS = 100;
const FUNCTIONS_OF_OWNER = 10;

/** Bills of all owners for a month: from the sums, and computed again from the runs. @param url of an empty database. */
export async function benchBills(url: string, runs: number): Promise<BenchRow[]> {
  const database = await openDatabase({ kind: "postgresql", url }, pino({ enabled: false }));
  try {
    const { db } = database;
    await fill(db, runs);
    const list = await readPriceList(PRICES);
    const counted = await timed(async () => allBills(await usageOfMonth(db, MONTH), list));
    const again = await timed(async () => allBills(await usageOfRuns(db, MONTH), list));
    const areEqual = JSON.stringify(counted.value) === JSON.stringify(again.value);
    const what = `PostgreSQL: bills of a month with ${runs.toLocaleString("en")} runs, ${OWNERS} owners`;
    return [
      row(what, counted.seconds, "s", { atMost: 2 }),
      row(`${what}, from the runs`, again.seconds, "s"),
      row("both are the same (1: yes)", areEqual ? 1 : 0, "", { atLeast: 1 }),
    ];
  } finally {
    await database.stop();
  }
}

function allBills(rows: readonly UsageRow[], list: Parameters<typeof billOf>[1]) {
  return [...Map.groupBy(rows, ({ owner }) => owner)]
    .map(([owner, own]) => billOf(own, list, owner, MONTH))
    .sort((a, b) => (a.owner < b.owner ? -1 : 1));
}

async function fill(db: Database, runs: number): Promise<void> {
  const seconds = 31 * 86_400;
  const piece = 250_000;
  for (let first = 0; first < runs; first += piece) {
    const last = Math.min(first + piece, runs) - 1;
    await db.execute(sql`
      insert into runs (id, queued_at, "function", owner, class, version, status, trigger, source, shard, attempt,
        billed_milliseconds, mebibyte_milliseconds, cpu_microseconds, instance, is_input_cut, is_output_cut, logs)
      select 'bill-' || n, timestamptz '2026-10-01T00:00:00Z' + (n::double precision * ${seconds} / ${runs}) * interval '1 second',
        'f' || n % ${OWNERS * FUNCTIONS_OF_OWNER}, 'owner' || n % ${OWNERS}, 'standard', 'v', 'completed', 'http', 'http',
        '', 1, n % 97, (n * 7919) % 100003, (n * 104729) % 1000003, 'i', false, false, '[]'
      from generate_series(${first}::bigint, ${last}::bigint) as n
    `);
  }
  await db.execute(sql`
    insert into usage (day, owner, "function", class, runs, billed_milliseconds, mebibyte_milliseconds, cpu_microseconds)
    select (queued_at at time zone 'UTC')::date, owner, "function", class, count(*), sum(billed_milliseconds),
      sum(mebibyte_milliseconds), sum(cpu_microseconds)
    from runs where queued_at >= '2026-10-01T00:00:00Z' and queued_at < '2026-11-01T00:00:00Z'
    group by 1, 2, 3, 4
  `);
}

async function timed<Value>(task: () => Promise<Value>): Promise<{ value: Value; seconds: number }> {
  const start = performance.now();
  const value = await task();
  return { value, seconds: (performance.now() - start) / 1000 };
}
