import { type BenchRow, quantile, row } from "@gaugelet/testing/bench";
import { sql } from "drizzle-orm";
import { pino } from "pino";
import type { Caller } from "../../src/access/caller.ts";
import { type Database, openDatabase } from "../../src/database/database.ts";
import { findRun, findRuns, type RunFilter } from "../../src/runs/find-runs.ts";
import { keepPartitions } from "../../src/runs/partitions.ts";
import { MILLISECONDS_OF_DAY } from "../../src/runs/run-batch.ts";

const DAYS = 30;
const FUNCTIONS = 100;
const ASKED_OF_EACH = 20;
const PAGE = 100;

const ADMINISTRATOR: Caller = { user: "admin", role: "admin", by: "token", address: "" };

/** What is asked for: each with a filter that leaves something, and often little. */
function filters(now: number, index: number): Record<string, { caller?: Caller; filter: RunFilter }> {
  const name = `function-${(index * 7) % FUNCTIONS}`;
  const day = new Date(now - (index % DAYS) * MILLISECONDS_OF_DAY);
  const owner = `owner-${index % 10}`;
  return {
    "no filter": { filter: {} },
    function: { filter: { function: name } },
    owner: { filter: { owner } },
    "function and status": { filter: { function: name, status: "failed" } },
    status: { filter: { status: "timed-out" } },
    "status, before a day": { filter: { status: "failed", to: day } },
    "trigger, before a day": { filter: { trigger: "schedule", to: day } },
    user: { filter: { user: `user-${index % 50}` } },
    "function, one hour of a day": {
      filter: { function: name, from: day, to: new Date(day.getTime() + 3_600_000) },
    },
    "function and version": { filter: { function: name, version: "3" } },
    "function and text in the error": { filter: { function: name, error: "number 7" } },
    "text in the error": { filter: { error: "number 77" } },
    "an editor's": { caller: { ...ADMINISTRATOR, user: owner, role: "editor" }, filter: {} },
    "a viewer's": { caller: { ...ADMINISTRATOR, user: `user-${index % 50}`, role: "viewer" }, filter: {} },
  };
}

/** Time of a page of runs, out of many, in a PostgreSQL. @param url of an empty database. */
export async function benchListing(url: string, runs: number): Promise<BenchRow[]> {
  const database = await openDatabase({ kind: "postgresql", url }, pino({ enabled: false }));
  try {
    return await listing(database.db, "PostgreSQL", runs);
  } finally {
    await database.stop();
  }
}

async function listing(db: Database, name: string, runs: number): Promise<BenchRow[]> {
  const now = Date.now();
  // With indexes in place filling takes several times as long.
  const { rows: indexes } = await db.execute<{ name: string; definition: string }>(sql`
    select indexname as name, indexdef as definition from pg_indexes
    where tablename = 'runs' and indexdef not like '%UNIQUE%'
  `);
  for (const index of indexes) await db.execute(sql.raw(`drop index "${index.name}"`));
  for (let day = 0; day < DAYS; day += 1) {
    const at = now - day * MILLISECONDS_OF_DAY;
    await keepPartitions(db, { retention: 10 * DAYS * 86_400, maxBytes: undefined }, at);
    await fill(db, at, Math.ceil(runs / DAYS), day);
  }
  for (const { definition } of indexes) await db.execute(sql.raw(definition.replace(" ONLY ", " ")));
  await db.execute(sql`analyze runs`);
  const times: number[] = [];
  const slowest = new Map<string, number>();
  for (let index = 0; index < ASKED_OF_EACH; index += 1) {
    for (const [what, { caller = ADMINISTRATOR, filter }] of Object.entries(filters(now, index))) {
      const started = performance.now();
      const page = await findRuns(db, caller, filter, PAGE, undefined);
      const last = page.at(-1);
      // Half of those who look go on to the next page.
      if (index % 2 === 1 && last !== undefined) await findRuns(db, caller, filter, PAGE, last);
      const milliseconds = (performance.now() - started) / (index % 2 === 1 ? 2 : 1);
      times.push(milliseconds);
      slowest.set(what, Math.max(slowest.get(what) ?? 0, milliseconds));
      if (what === "function" && last !== undefined) {
        const before = performance.now();
        await findRun(db, caller, last.id);
        times.push(performance.now() - before);
        slowest.set("one in full", Math.max(slowest.get("one in full") ?? 0, performance.now() - before));
      }
    }
  }
  return [
    row(`${name}: a page of ${PAGE} of ${runs.toLocaleString("en")} runs, p95`, quantile(times, 0.95), "ms", {
      atMost: 50,
    }),
    ...[...slowest].map(([what, milliseconds]) => row(`${name}: slowest page, ${what}`, milliseconds, "ms")),
  ];
}

/** Runs of one day. One in 50 failed, one in 200 was called by a user, one in 1,000 came by a schedule. */
async function fill(db: Database, at: number, count: number, day: number): Promise<void> {
  const begin = Math.floor(at / MILLISECONDS_OF_DAY) * MILLISECONDS_OF_DAY;
  const length = Math.min(MILLISECONDS_OF_DAY, Date.now() - begin);
  await db.execute(sql`
    insert into runs (
      id, queued_at, "function", owner, class, version, version_number, status, trigger, source, shard, "user",
      attempt, started_at, finished_at, run_seconds, billed_milliseconds, mebibyte_milliseconds, cpu_microseconds,
      memory_peak_bytes, worker, instance, input, is_input_cut, output, is_output_cut, error, logs
    )
    select
      lpad(to_hex(${begin}::bigint + n * ${length}::bigint / ${count}::bigint), 12, '0') || 'bench' || lpad(n::text, 7, '0'),
      to_timestamp((${begin}::bigint + n * ${length}::bigint / ${count}::bigint) / 1000.0),
      'function-' || n % ${FUNCTIONS}::int, 'owner-' || n % 10, 'standard', lpad((n % 3)::text, 12, 'a'), (n / 7) % 5,
      case when n % 51 = 0 then (case when n % 1020 = 0 then 'timed-out' else 'failed' end) else 'completed' end,
      case when n % 1000 = 1 then 'schedule' when n % 200 = 0 then 'invocation' else 'topic' end,
      'topic:orders/0', '', case when n % 200 = 0 then 'user-' || (n / 200) % 50 end,
      1, now(), now(), 0.01, 10, 1000, 9000, 60000000, '1234', 'bench:1',
      '{"n":' || n || ',"text":"some input of a usual length, as events have it"}', false,
      '{"n":' || n || '}', false,
      case when n % 51 = 0 then 'ValueError: there is something wrong with number ' || n || ' of day ' || ${day}::int end,
      '[]'
    from generate_series(1, ${count}::int) n
  `);
}
