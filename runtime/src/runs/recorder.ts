import { setTimeout as sleep } from "node:timers/promises";
import { leaseKey, RUNS_KEY, RUNS_USAGE_KEY } from "@gaugelet/shared/keys";
import { explainRedisError } from "@gaugelet/shared/redis/explain";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import type { Database } from "../database/database.ts";
import type { Lease, Leases } from "../leases/leases.ts";
import { keepPartitions, type Retention } from "./partitions.ts";
import { readRecords, readUsage, type UsageEntry } from "./run-entry.ts";
import { type DrainedEntries, drainedPosition, writeDrained } from "./write-runs.ts";

/** Entries that are read at once; a step of the store makes one. */
const MOST_ENTRIES = 1_000;
/** More in one transaction takes longer than it saves. */
const MOST_CHARACTERS = 8 * 1024 ** 2;
const WAIT_MILLISECONDS = 1_000;
/** After a transaction, so that the next one is for more. */
const REST_MILLISECONDS = 50;
const FIRST_RETRY_MILLISECONDS = 100;
const LONGEST_RETRY_MILLISECONDS = 5_000;
const MAINTAIN_EVERY_MILLISECONDS = 10 * 60_000;
/** What usage that was counted while the stream was full becomes: an entry. */
const COLLECT_SCRIPT = `
local counted = redis.call('HGETALL', KEYS[2])
if #counted == 0 then return 0 end
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
redis.call('XADD', KEYS[1], '*', 'records', '[]', 'usage', cjson.encode(usage))
redis.call('UNLINK', KEYS[2])
return 1
`;

/** An entry of the stream as Redis gives it. */
type StreamEntry = readonly [id: string, fields: readonly string[]];

interface RecorderRedis extends Redis {
  gaugeletCollect(runs: string, usage: string): Promise<number>;
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
  #problem: string | undefined;

  constructor(parts: RecorderParts) {
    this.#parts = parts;
    parts.redis.defineCommand("gaugeletCollect", { numberOfKeys: 2, lua: COLLECT_SCRIPT });
    this.#redis = parts.redis as RecorderRedis;
  }

  start(): void {
    this.#lease = this.#parts.leases.want(leaseKey(RUNS_KEY), {
      onGained: () => {
        if (this.#isOwner) return;
        this.#isOwner = true;
        this.#draining = this.#draining.then(() => this.#drain());
      },
      onStandby: () => {
        this.#isOwner = false;
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
    let after: string | undefined;
    let maintainAt = 0;
    while (this.#isOwner && !signal.aborted) {
      try {
        if (performance.now() >= maintainAt) {
          await this.#maintain();
          maintainAt = performance.now() + MAINTAIN_EVERY_MILLISECONDS;
        }
        after ??= await drainedPosition(this.#parts.db);
        after = await this.#drainSome(after);
        this.#worksAgain();
        pause = 0;
      } catch (error) {
        if (signal.aborted) return;
        this.#report(error);
        // Whether it was written is not known.
        after = undefined;
        pause = Math.min(Math.max(FIRST_RETRY_MILLISECONDS, 2 * pause), LONGEST_RETRY_MILLISECONDS);
      }
      await sleep(pause || REST_MILLISECONDS, undefined, { signal }).catch(() => {});
    }
  }

  async #maintain(): Promise<void> {
    const { db, retention, log } = this.#parts;
    const dropped = await keepPartitions(db, retention, Date.now());
    if (dropped.length > 0)
      log.info({ dropped }, "runs dropped: they are older, or more, than is to be kept");
  }

  /** @returns the position after it; undefined where another has drained it. */
  async #drainSome(after: string): Promise<string | undefined> {
    await this.#redis.gaugeletCollect(RUNS_KEY, RUNS_USAGE_KEY);
    const entries = await this.#read(after);
    if (entries.length === 0) return after;
    let position = after;
    for (let at = 0; at < entries.length; ) {
      const some = entriesUpTo(entries, at, MOST_CHARACTERS);
      at += some.length;
      const newest = some.at(-1)?.[0] ?? position;
      if (!(await this.#write(position, newest, some))) return undefined;
      position = newest;
      this.#parts.onRecorded();
    }
    await this.#redis.xtrim(RUNS_KEY, "MINID", following(position));
    return position;
  }

  async #read(after: string): Promise<readonly StreamEntry[]> {
    const reply: unknown = await this.#redis.xread(
      "COUNT",
      MOST_ENTRIES,
      "BLOCK",
      WAIT_MILLISECONDS,
      "STREAMS",
      RUNS_KEY,
      after,
    );
    return (reply as [string, StreamEntry[]][] | null)?.[0]?.[1] ?? [];
  }

  async #write(after: string, position: string, entries: readonly StreamEntry[]): Promise<boolean> {
    const { db, log } = this.#parts;
    const usage = entries.flatMap((entry) => this.#usageOf(entry));
    const plain = joinLists(entries.map((entry) => field(entry, "records") ?? "[]"));
    try {
      return await writeDrained(db, after, { position, records: plain, usage });
    } catch (error) {
      if (!isOfData(error)) throw error;
    }
    // Something in it cannot be kept as it is: one by one, and without what cannot be kept at all.
    const read = entries.map((entry) => readRecords(field(entry, "records") ?? "[]"));
    const records = read.flatMap((each) => each.records);
    const refused = read.reduce((sum, each) => sum + each.refused, 0);
    if (refused > 0)
      log.warn({ refused }, `${refused} entries of ${RUNS_KEY} are no records of runs: left out`);
    const checked: DrainedEntries = { position, records: JSON.stringify(records), usage };
    return await writeDrained(db, after, checked);
  }

  #usageOf(entry: StreamEntry): UsageEntry[] {
    const usage = readUsage(field(entry, "usage") ?? "[]");
    if (usage === undefined) {
      this.#parts.log.warn(
        { entry: entry[0] },
        `entry ${entry[0]} of ${RUNS_KEY} has a usage that is none: left out`,
      );
    }
    return usage ?? [];
  }

  #report(error: unknown): void {
    // Of a connection to Redis that is down the runtime's own says why.
    if (this.#redis.status !== "ready") return;
    const { code } = error as { code?: string };
    const reason = explainRedisError((error as Error).cause ?? error);
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

function entriesUpTo(entries: readonly StreamEntry[], from: number, most: number): readonly StreamEntry[] {
  let characters = 0;
  let to = from;
  while (to < entries.length && (to === from || characters < most)) {
    characters += field(entries[to] as StreamEntry, "records")?.length ?? 0;
    to += 1;
  }
  return entries.slice(from, to);
}

function field([, fields]: StreamEntry, name: string): string | undefined {
  const at = fields.indexOf(name);
  return at === -1 ? undefined : fields[at + 1];
}

/** Lists in JSON as one list: to read and write them anew would cost more than all the rest. */
function joinLists(lists: readonly string[]): string {
  return `[${lists
    .map((list) => list.slice(1, -1))
    .filter((list) => list !== "")
    .join(",")}]`;
}

/** The next id after one. */
function following(id: string): string {
  const [time, number] = id.split("-");
  return `${time}-${BigInt(number ?? 0) + 1n}`;
}

/** Classes of PostgreSQL's codes: data that cannot be, that a table does not allow, that is too large. */
function isOfData(error: unknown): boolean {
  const { code = (error as { cause?: { code?: string } }).cause?.code } = error as { code?: string };
  return /^(22|23|54)...$/.test(code ?? "");
}
