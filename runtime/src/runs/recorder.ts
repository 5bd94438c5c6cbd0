import { setTimeout as sleep } from "node:timers/promises";
import { leaseKey, RUNS_KEY, RUNS_USAGE_KEY } from "@gaugelet/shared/keys";
import { explainRedisError } from "@gaugelet/shared/redis/explain";
import { sql } from "drizzle-orm";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import type { Database } from "../database/database.ts";
import { explainDatabaseError } from "../database/explain.ts";
import { isDatabaseAway } from "../database/is-away.ts";
import type { Lease, Leases } from "../leases/leases.ts";
import { keepPartitions, type Retention } from "./partitions.ts";
import { joinRows } from "./run-rows.ts";
import { readUsage, type UsageEntry } from "./usage-entry.ts";
import { type DrainedEntries, drainedPosition, NOT_AT_ALL, writeDrained } from "./write-runs.ts";

/** Entries that are read at once; a step of the store makes one, of one run or of thousands. */
const MOST_ENTRIES = 1_000;
/**
 * So much is read at once, and the entry that passes it; a transaction is for no more. It is in memory several times,
 * and V8 lets as much garbage gather as is live when it looks.
 */
const MOST_BYTES = 1024 ** 2;
const WAIT_MILLISECONDS = 1_000;
/** After a transaction, where nothing more waits, so that the next one is for more. */
const REST_MILLISECONDS = 50;
/** The rest is so many times as long as writing took: the database shares the processors with what is to be fast. */
const REST_FACTOR = 20;
/** After transactions for so many entries each the rest doubles every time, for they keep coming: */
const MANY_ENTRIES = 2;
/** until one is for so much, as more of it at a time would only be more in memory, */
const MUCH_BYTES = 512 * 1024;
/** or up to this: who looks at runs does not wait for longer. */
const LONGEST_REST_MILLISECONDS = 1_000;
const FIRST_RETRY_MILLISECONDS = 100;
const LONGEST_RETRY_MILLISECONDS = 5_000;
const MAINTAIN_EVERY_MILLISECONDS = 10 * 60_000;
/** Where somebody reads for long. Each time others that would read wait, too. */
const MAINTAIN_AGAIN_MILLISECONDS = 60_000;
/**
 * Makes an entry of the usage that was counted while the stream was full, and gives what comes after a position, and
 * whether that is all. One by one: how large the next one is nobody knows before.
 */
const READ_SCRIPT = `
local counted = redis.call('HGETALL', KEYS[2])
if #counted > 0 then
  local byName = {}
  local usage = {}
  for index = 1, #counted, 2 do
    local name = cjson.decode(counted[index])
    local key = cjson.encode({ name[1], name[2], name[3], name[4] })
    if byName[key] == nil then
      byName[key] = { day = name[1], owner = name[2], ['function'] = name[3], class = name[4],
        runs = '0', billedMilliseconds = '0', mebibyteMilliseconds = '0', cpuMicroseconds = '0' }
      usage[#usage + 1] = byName[key]
    end
    byName[key][name[5]] = counted[index + 1]
  end
  redis.call('XADD', KEYS[1], '*', 'records', '', 'usage', cjson.encode(usage))
  redis.call('UNLINK', KEYS[2])
end
local entries = {}
local after = ARGV[1]
local bytes = 0
while #entries < tonumber(ARGV[2]) and bytes < tonumber(ARGV[3]) do
  local entry = redis.call('XRANGE', KEYS[1], '(' .. after, '+', 'COUNT', 1)[1]
  if not entry then return { 1, entries } end
  entries[#entries + 1] = entry
  after = entry[1]
  for _, value in ipairs(entry[2]) do bytes = bytes + #value end
end
return { 0, entries }
`;

/**
 * Makes new entries of the stream come after a position, where Redis has lost what it knew of it and its clock is
 * behind; returns how many are there that nobody will read, or false where nothing was lost. An entry can be added at
 * the position only where the stream's newest came before it.
 *
 * KEYS: runs. ARGV: the position.
 */
const CATCH_UP_SCRIPT = `
local added = redis.pcall('XADD', KEYS[1], ARGV[1], 'records', '')
if type(added) == 'table' then return false end
redis.call('XDEL', KEYS[1], added)
return redis.call('XLEN', KEYS[1])
`;

/** An entry of the stream as Redis gives it. */
type StreamEntry = readonly [id: Buffer, fields: readonly Buffer[]];

interface Drained {
  /** The position after it; undefined where another has drained it. */
  readonly after: string | undefined;
  /** Milliseconds until the next. */
  readonly rest: number;
}

interface RecorderRedis extends Redis {
  gaugeletReadRunsBuffer(
    runs: string,
    usage: string,
    after: string,
    mostEntries: number,
    mostBytes: number,
  ): Promise<[areAll: number, entries: StreamEntry[]]>;
  gaugeletCatchUp(runs: string, position: string): Promise<number | null>;
}

/** What a {@link Recorder} needs. */
export interface RecorderParts {
  /** A connection of its own: it waits for entries on it. */
  readonly redis: Redis;
  readonly db: Database;
  readonly leases: Leases;
  readonly retention: Retention;
  readonly log: Logger;
  /** Hears that there are new runs in the database. */
  readonly onRecorded: () => void;
  /** Hears who records: another runtime, in words, or this one. */
  readonly onRecorder?: (other: string | undefined) => void;
}

/**
 * Drains `gaugelet:runs` into the database, in one runtime at a time. The position goes with what was drained in one
 * transaction, so that nothing is written twice, and nothing lost, wherever it ends; entries go once they are written.
 */
export class Recorder {
  readonly #parts: RecorderParts;
  readonly #redis: RecorderRedis;
  readonly #stopping = new AbortController();
  #lease: Lease | undefined;
  #draining: Promise<void> = Promise.resolve();
  #isOwner = false;
  /** How much longer it rests, as entries keep coming. */
  #restGrowth = 1;
  #problem: string | undefined;

  constructor(parts: RecorderParts) {
    this.#parts = parts;
    parts.redis.defineCommand("gaugeletReadRuns", { numberOfKeys: 2, lua: READ_SCRIPT });
    parts.redis.defineCommand("gaugeletCatchUp", { numberOfKeys: 1, lua: CATCH_UP_SCRIPT });
    this.#redis = parts.redis as RecorderRedis;
  }

  start(): void {
    this.#lease = this.#parts.leases.want(leaseKey(RUNS_KEY), {
      onGained: () => {
        this.#parts.onRecorder?.(undefined);
        if (this.#isOwner) return;
        this.#isOwner = true;
        this.#draining = this.#draining.then(() => this.#drain());
      },
      onStandby: (owner) => {
        this.#isOwner = false;
        this.#parts.onRecorder?.(owner);
      },
    });
  }

  /** Write what is there, and stop. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    // It may be waiting for entries.
    this.#redis.disconnect();
    await this.#draining;
    await this.#lease?.release();
  }

  async #drain(): Promise<void> {
    const { signal } = this.#stopping;
    let pause = 0;
    let rest = REST_MILLISECONDS;
    let after: string | undefined;
    let maintainAt = 0;
    while (this.#isOwner && !signal.aborted) {
      try {
        if (performance.now() >= maintainAt) maintainAt = performance.now() + (await this.#maintain());
        after ??= await drainedPosition(this.#parts.db);
        ({ after, rest } = await this.#drainSome(after));
        this.#worksAgain();
        pause = 0;
      } catch (error) {
        if (signal.aborted) return;
        this.#report(error);
        // Whether it was written is not known.
        after = undefined;
        pause = Math.min(Math.max(FIRST_RETRY_MILLISECONDS, 2 * pause), LONGEST_RETRY_MILLISECONDS);
      }
      await sleep(pause || rest, undefined, { signal }).catch(() => {});
    }
  }

  /** @returns milliseconds until the next time. */
  async #maintain(): Promise<number> {
    const { db, retention, log } = this.#parts;
    try {
      // What is dropped is gone: a clock that is ahead, this one's or the database's, must not say what is old.
      const now = Math.min(Date.now(), await timeOf(db));
      const dropped = await keepPartitions(db, retention, now);
      if (dropped.length > 0)
        log.info({ dropped }, "runs dropped: they are older, or more, than is to be kept");
      return MAINTAIN_EVERY_MILLISECONDS;
    } catch (error) {
      if (isDatabaseAway(error)) throw error;
      // There are partitions for two days yet, and one for all else: what is recorded need not wait for these.
      const reason = explainDatabaseError(error);
      log.warn({ reason }, `partitions of runs cannot be made or dropped for now, trying on: ${reason}`);
      return MAINTAIN_AGAIN_MILLISECONDS;
    }
  }

  async #drainSome(after: string): Promise<Drained> {
    const [areAll, entries] = await this.#redis.gaugeletReadRunsBuffer(
      RUNS_KEY,
      RUNS_USAGE_KEY,
      after,
      MOST_ENTRIES,
      MOST_BYTES,
    );
    const position = entries.at(-1)?.[0].toString();
    if (position === undefined) {
      await this.#catchUp(after);
      // What it gives is read with what is there by then.
      await this.#redis.xreadBuffer("COUNT", 1, "BLOCK", WAIT_MILLISECONDS, "STREAMS", RUNS_KEY, after);
      return { after, rest: 0 };
    }
    const startedAt = performance.now();
    const rows = joinRows(entries.map((entry) => field(entry, "records") ?? NO_RECORDS));
    const usage = entries.flatMap((entry) => this.#usageOf(entry));
    const isWritten = await this.#write(after, { position, rows, usage });
    if (!isWritten) return { after: undefined, rest: REST_MILLISECONDS };
    this.#parts.onRecorded();
    await this.#redis.xtrim(RUNS_KEY, "MINID", following(position));
    if (areAll === 0) return { after: position, rest: 0 };
    return { after: position, rest: this.#rest(entries.length, rows.length, performance.now() - startedAt) };
  }

  /** What comes into the stream is to come after what was drained of it. */
  async #catchUp(after: string): Promise<void> {
    if (after === NOT_AT_ALL) return;
    const left = await this.#redis.gaugeletCatchUp(RUNS_KEY, after);
    if (left === null) return;
    // They may be written already, as where a replica takes over that was behind: nothing is to be billed twice.
    const message = `Redis has lost entries of ${RUNS_KEY}, and its clock is behind theirs: new ones come after ${after}`;
    this.#parts.log.warn(
      { after, left },
      left === 0 ? message : `${message}; ${left} older ones are left out`,
    );
  }

  /** Milliseconds until the next transaction. @param milliseconds that writing so many entries took. */
  #rest(entries: number, bytes: number, milliseconds: number): number {
    const wanted = Math.max(REST_MILLISECONDS, REST_FACTOR * milliseconds) * this.#restGrowth;
    if (entries < MANY_ENTRIES || bytes > MUCH_BYTES) this.#restGrowth = 1;
    else if (wanted < LONGEST_REST_MILLISECONDS) this.#restGrowth *= 2;
    return Math.min(wanted, LONGEST_REST_MILLISECONDS);
  }

  async #write(after: string, entries: DrainedEntries): Promise<boolean> {
    const { db, log } = this.#parts;
    const refused = await writeDrained(db, after, entries);
    if (refused !== undefined && refused > 0)
      log.warn({ refused }, `${RUNS_KEY}: left out what is no record that the database can keep: ${refused}`);
    return refused !== undefined;
  }

  #usageOf(entry: StreamEntry): UsageEntry[] {
    const usage = readUsage(field(entry, "usage")?.toString() ?? "[]");
    if (usage === undefined) {
      const id = entry[0].toString();
      this.#parts.log.warn({ entry: id }, `entry ${id} of ${RUNS_KEY} has a usage that is none: left out`);
    }
    return usage ?? [];
  }

  #report(error: unknown): void {
    // Of a connection to Redis that is down the runtime's own says why.
    if (this.#redis.status !== "ready") return;
    const { code } = error as { code?: string };
    const isOfRedis = (error as Error).name === "ReplyError";
    const reason = isOfRedis ? explainRedisError(error) : explainDatabaseError(error);
    if (reason === this.#problem) return;
    this.#problem = reason;
    this.#parts.log.error({ reason, code }, `runs cannot be recorded for now, trying on: ${reason}`);
  }

  #worksAgain(): void {
    if (this.#problem === undefined) return;
    this.#problem = undefined;
    this.#parts.log.info("runs are recorded again");
  }
}

const NO_RECORDS = Buffer.alloc(0);

/** Unix milliseconds, by the clock of the database's machine. */
async function timeOf(db: Database): Promise<number> {
  const { rows } = await db.execute<{ now: string }>(
    sql`select extract(epoch from clock_timestamp()) * 1000 as now`,
  );
  return Number(rows[0]?.now);
}

function field([, fields]: StreamEntry, name: string): Buffer | undefined {
  const at = fields.findIndex((each, index) => index % 2 === 0 && each.toString() === name);
  return at === -1 ? undefined : fields[at + 1];
}

/** The next id after one. */
function following(id: string): string {
  const [time, number] = id.split("-");
  return `${time}-${BigInt(number ?? 0) + 1n}`;
}
