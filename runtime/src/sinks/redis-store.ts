import {
  answerKey,
  deadLetterKey,
  delayedKey,
  envKey,
  leaseKey,
  OUTPUTS_KEY,
  positionKey,
  RUNS_KEY,
  RUNS_USAGE_KEY,
  recordedKey,
  seenKey,
} from "@gaugelet/shared/keys";
import { type OutputEntry, parseOutputEntry } from "@gaugelet/shared/outputs";
import { explainRedisError } from "@gaugelet/shared/redis/explain";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import type { RunBatch } from "../runs/run-batch.ts";
import { rowsOf } from "../runs/run-rows.ts";
import { usageText } from "../runs/usage-entry.ts";
import type { DeadLetter, Handled } from "./handled.ts";
import { KeyedCallStore } from "./keyed-calls.ts";
import type { Fence } from "./outbox.ts";
import { isRefused, Patience, readOwn } from "./patience.ts";
import { CLAIM_SCRIPT, STORE_SCRIPT, STORED } from "./store-script.ts";

/** Rights may be granted while we run. */
const ASK_FOR_RIGHTS_EVERY_MILLISECONDS = 60_000;

/** How long the answer to a call with an idempotency key is kept. */
const KEEP_ANSWERS_MILLISECONDS = 24 * 3600 * 1000;
/** More of a function's dead letters push the oldest out. */
const MAX_DEAD_LETTERS = 10_000;

/** More ids of events push the oldest out: a second copy comes soon after the first, or never. */
const MAX_SEEN = 100_000;

/** Calls that are counted and recorded with a step, which is known again by its number. */
export interface RecordedStep {
  readonly runs: RunBatch;
  readonly writer: string;
  readonly number: number;
}

/** What calls leave behind, and what has to hold for it to be stored. */
export interface StoreRecord extends Omit<Handled, "onSettled" | "publications" | "runs"> {
  readonly outputKey: string;
  readonly functionName: string;
  readonly entry: OutputEntry;
  /** Undefined: no calls are counted with it. */
  readonly step?: RecordedStep | undefined;
  /** Undefined: whoever stores is the owner. */
  readonly fence: Fence | undefined;
  /** The position that is stored of a source where nobody else has handled its events; "": none. */
  readonly expected: ReadonlyMap<string, string>;
}

/** What storing came to: `conflict` where another owner came first, `given up` where the signal came. */
export type StoreResult = "stored" | "conflict" | "given up";

/** What is stored of an output key from before. */
export interface StoredState {
  readonly env: Buffer | undefined;
  /** Unix milliseconds; null: nothing was ever stored. */
  readonly storedAt: number | null;
}

type Argument = string | number | Buffer;

interface ScriptedRedis extends Redis {
  /** The number of keys, the keys, then the rest. */
  gaugeletStore(...keysAndValues: Argument[]): Promise<number>;
  /** The delayed events' key, how many at most, and for how many milliseconds. */
  gaugeletClaim(key: string, most: number, milliseconds: number): Promise<string[]>;
}

/** Puts outputs, and what belongs to them, into Redis; patient where Redis is away. */
export class RedisStore {
  /** Who makes calls with idempotency keys. */
  readonly calls: KeyedCallStore;
  readonly #redis: ScriptedRedis;
  readonly #patience: Patience;
  readonly #log: Logger;
  readonly #maxBacklog: number;
  /**
   * Until when an output key is stored alone, since the rights cover no more, on the clock of
   * performance.now().
   */
  readonly #aloneUntil = new Map<string, number>();
  #warnedOfRights = false;
  /** Whether the server has no ZMSCORE, as Redis before 6.2. */
  #asksOneByOne = false;

  /** @param maxBacklog entries of `gaugelet:runs` at which no more are added, but usage is counted. */
  constructor(redis: Redis, log: Logger, maxBacklog = 0) {
    this.#maxBacklog = maxBacklog;
    redis.defineCommand("gaugeletStore", { lua: STORE_SCRIPT });
    redis.defineCommand("gaugeletClaim", { numberOfKeys: 1, lua: CLAIM_SCRIPT });
    this.#redis = redis as ScriptedRedis;
    this.#patience = new Patience(redis, log);
    this.calls = new KeyedCallStore(redis, this.#patience);
    this.#log = log;
  }

  /** Whether the rights do not cover more than the output, as far as is known. */
  storesOutputAlone(outputKey: string): boolean {
    return this.#aloneUntil.has(outputKey);
  }

  /** Store a record, trying until it is stored, another owner turns out to have come first, or `signal` aborts. */
  async store(record: StoreRecord, signal: AbortSignal): Promise<StoreResult> {
    const { outputKey, output } = record;
    const result = await this.#patience.persist(`store ${outputKey}`, () => this.#storeOnce(record), signal);
    if (result === undefined && output !== undefined) {
      // Events of keys and topics are handled again, by what is stored of their positions.
      this.#log.error(
        { outputKey },
        `could not store ${outputKey} before the end: what calls over HTTP and ticks came to is lost`,
      );
    }
    return result ?? "given up";
  }

  /**
   * What is stored of an output key from before, trying until it is read. Where another function stored there last,
   * it is as if nothing was: its `env` may hold what is not for others.
   *
   * @returns undefined where `signal` aborted first.
   */
  async read(outputKey: string, functionName: string, signal: AbortSignal): Promise<StoredState | undefined> {
    return this.#patience.persist(
      `read what is stored of ${outputKey}`,
      async () => {
        const [env, json] = await Promise.all([
          readOwn(() => this.#redis.getBuffer(envKey(outputKey)), null),
          readOwn(() => this.#redis.hget(OUTPUTS_KEY, outputKey), null),
        ]);
        const entry = json === null ? undefined : parseOutputEntry(json);
        if (entry !== undefined && entry.function !== functionName) return { env: undefined, storedAt: null };
        return { env: env ?? undefined, storedAt: entry?.storedAt ?? null };
      },
      signal,
    );
  }

  /** The position of the newest event from a source whose result is stored. */
  async lastPosition(outputKey: string, source: string): Promise<string | undefined> {
    return (await readOwn(() => this.#redis.hget(positionKey(outputKey), source), null)) ?? undefined;
  }

  /** {@link lastPosition}, trying until it is read; undefined also where `signal` aborted first. */
  async position(outputKey: string, source: string, signal: AbortSignal): Promise<string | undefined> {
    const read = () => this.lastPosition(outputKey, source).then((position) => position ?? null);
    return (await this.#patience.persist(`read how far ${outputKey} is`, read, signal)) ?? undefined;
  }

  /** Which of these ids are those of events that were handled before; none where the rights do not cover it. */
  async seen(outputKey: string, ids: readonly string[], signal: AbortSignal): Promise<ReadonlySet<string>> {
    const read = () => this.#scores(seenKey(outputKey), ids);
    const scores = await this.#patience.persist(
      "read which events were handled",
      () => readOwn(read, []),
      signal,
    );
    return new Set(ids.filter((_, index) => (scores?.[index] ?? null) !== null));
  }

  /**
   * Take delayed events that are due. Nobody else gets them for a while; after that, whoever asks.
   *
   * @param most how many at a time.
   * @param keepMilliseconds how long they are nobody else's.
   * @returns their texts; none where Redis cannot be asked now.
   */
  async claimDelayed(outputKey: string, most: number, keepMilliseconds: number): Promise<readonly string[]> {
    try {
      return await this.#redis.gaugeletClaim(delayedKey(outputKey), most, keepMilliseconds);
    } catch {
      return [];
    }
  }

  /** Have delayed events that were taken be due at once, those that are still there. Where Redis is away they are later. */
  async giveBackDelayed(outputKey: string, texts: readonly string[]): Promise<void> {
    if (texts.length === 0) return;
    const due = texts.flatMap((text) => [0, text]);
    await this.#redis.zadd(delayedKey(outputKey), "XX", ...due).catch(() => {});
  }

  async #scores(key: string, members: readonly string[]): Promise<readonly (string | null)[]> {
    if (!this.#asksOneByOne) {
      try {
        return await this.#redis.zmscore(key, ...members);
      } catch (error) {
        if (!isUnknownCommand(error)) throw error;
        this.#asksOneByOne = true;
      }
    }
    // Not always so: for a thousand names it takes this process five times as long.
    const pipeline = this.#redis.pipeline();
    for (const member of members) pipeline.zscore(key, member);
    const answers = (await pipeline.exec()) ?? [];
    return answers.map(([error, score]) => {
      if (error !== null) throw error;
      return score as string | null;
    });
  }

  async #storeOnce(record: StoreRecord): Promise<"stored" | "conflict"> {
    const { outputKey, output } = record;
    if (performance.now() >= (this.#aloneUntil.get(outputKey) ?? 0)) {
      try {
        return (await this.#storeWhole(record)) === STORED ? "stored" : "conflict";
      } catch (error) {
        // Events of topics are never let go of for want of rights: they wait until these are given.
        if (!isRefused(error) || record.expected.size > 0) throw error;
        // Only where the output itself may be written are the rights to blame for the rest.
        if (output !== undefined) await this.#redis.set(outputKey, output);
        this.#aloneUntil.set(outputKey, performance.now() + ASK_FOR_RIGHTS_EVERY_MILLISECONDS);
        this.#warnOfRights(error);
        return "stored";
      }
    }
    if (output !== undefined) await this.#redis.set(outputKey, output);
    return "stored";
  }

  async #storeWhole(record: StoreRecord): Promise<number> {
    const { outputKey, functionName, output, env, positions, expected, answers, fence } = record;
    const keys = [
      OUTPUTS_KEY,
      positionKey(outputKey),
      envKey(outputKey),
      outputKey,
      fence?.key ?? leaseKey(outputKey),
      deadLetterKey(functionName),
      delayedKey(outputKey),
      seenKey(outputKey),
    ];
    for (const name of answers.keys()) keys.push(answerKey(outputKey, name));
    if (record.step !== undefined) keys.push(RUNS_KEY, RUNS_USAGE_KEY, recordedKey(record.step.writer));
    const values: Argument[] = [
      fence?.token ?? "",
      output === undefined ? "0" : "1",
      output ?? "",
      JSON.stringify(record.entry),
      env === undefined ? "0" : "1",
      env ?? "",
      KEEP_ANSWERS_MILLISECONDS,
      MAX_DEAD_LETTERS,
      MAX_SEEN,
      answers.size,
      positions.size,
    ];
    for (const [source, position] of positions) {
      const before = expected.get(source);
      values.push(source, position, before === undefined ? "0" : "1", before ?? "");
    }
    values.push(record.delayedOver.length, ...record.delayedOver, record.delayed.length);
    for (const { milliseconds, text } of record.delayed) values.push(milliseconds, text);
    values.push(record.deadLetters.length);
    for (const letter of record.deadLetters) {
      const fields = Object.entries(deadLetterFields(letter, outputKey)).flat();
      values.push(letter.delayed ?? "", fields.length, ...fields);
    }
    values.push(record.seen.length, ...record.seen, ...answers.values());
    if (record.step !== undefined) {
      const { runs, number } = record.step;
      values.push(rowsOf(runs.records), usageText(runs), this.#maxBacklog, number);
    }
    return await this.#redis.gaugeletStore(keys.length, ...keys, ...values);
  }

  #warnOfRights(error: unknown): void {
    if (this.#warnedOfRights) return;
    this.#warnedOfRights = true;
    this.#log.warn(
      { reason: explainRedisError(error) },
      "the rights of this Redis user do not cover the keys gaugelet:* and what is done with them (EVALSHA, HSET, SET)," +
        " so only outputs are stored: env does not" +
        " survive a restart, the exporter does not find outputs by itself, and runs are not recorded",
    );
  }
}

function deadLetterFields(letter: DeadLetter, outputKey: string): Record<string, Argument> {
  const { body, error, details, attempts, source, topic, origin } = letter;
  return {
    event: body,
    error,
    ...(details === "" ? {} : { details }),
    attempts,
    source,
    ...(topic === "" ? {} : { topic }),
    ...origin,
    outputKey,
    failedAt: Date.now(),
  };
}

function isUnknownCommand(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("ERR unknown command");
}
