import { setTimeout as sleep } from "node:timers/promises";
import { answerKey, deadLetterKey, envKey, OUTPUTS_KEY, positionKey } from "@gaugelet/shared/keys";
import { type OutputEntry, parseOutputEntry } from "@gaugelet/shared/outputs";
import { explainRedisError } from "@gaugelet/shared/redis/explain";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { DEAD_LETTER_SCRIPT, STORE_SCRIPT } from "./store-script.ts";

const FIRST_RETRY_MILLISECONDS = 50;
const LONGEST_RETRY_MILLISECONDS = 2_000;
/** Rights may be granted while we run. */
const ASK_FOR_RIGHTS_EVERY_MILLISECONDS = 60_000;

/** How long the answer to a call with an idempotency key is kept. */
const KEEP_ANSWERS_MILLISECONDS = 24 * 3600 * 1000;
/** More of a function's dead letters push the oldest out. */
const MAX_DEAD_LETTERS = 10_000;

/** What successful calls leave behind: the newest output and `env`, and what is kept of each call. */
export interface StoreRecord {
  readonly outputKey: string;
  /** The output, exactly as the handler returned it. */
  readonly output: Buffer;
  /** The saved `env`; undefined leaves what is stored. */
  readonly env: Buffer | undefined;
  /** Of each source, what tells its newest handled event from the others. */
  readonly positions: ReadonlyMap<string, string>;
  /** Outputs by the idempotency keys of their calls. */
  readonly answers: ReadonlyMap<string, Buffer>;
  readonly entry: OutputEntry;
}

/** An event that failed for good. */
export interface DeadLetter {
  readonly function: string;
  readonly outputKey: string;
  readonly source: string;
  readonly position: string | null;
  readonly body: Buffer;
  readonly error: string;
  readonly attempts: number;
}

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
  gaugeletDeadLetter(...keysAndValues: Argument[]): Promise<number>;
}

/** Puts outputs, and what belongs to them, into Redis; patient where Redis is away. */
export class RedisStore {
  readonly #redis: ScriptedRedis;
  readonly #log: Logger;
  /**
   * Until when an output key is stored alone, since the rights cover no more, on the clock of
   * performance.now().
   */
  readonly #aloneUntil = new Map<string, number>();
  #warnedOfRights = false;

  constructor(redis: Redis, log: Logger) {
    redis.defineCommand("gaugeletStore", { lua: STORE_SCRIPT });
    redis.defineCommand("gaugeletDeadLetter", { numberOfKeys: 2, lua: DEAD_LETTER_SCRIPT });
    this.#redis = redis as ScriptedRedis;
    this.#log = log;
  }

  /**
   * Store a record, trying until it is stored or `signal` aborts.
   *
   * @returns whether it was stored.
   */
  async store(record: StoreRecord, signal: AbortSignal): Promise<boolean> {
    const stored = await this.#persist(`store ${record.outputKey}`, () => this.#storeOnce(record), signal);
    return stored !== undefined;
  }

  /**
   * What is stored of an output key from before, trying until it is read.
   *
   * @returns undefined where `signal` aborted first.
   */
  async read(outputKey: string, signal: AbortSignal): Promise<StoredState | undefined> {
    return this.#persist(
      `read what is stored of ${outputKey}`,
      async () => {
        const [env, entry] = await Promise.all([
          this.#readOwn(() => this.#redis.getBuffer(envKey(outputKey)), null),
          this.#readOwn(() => this.#redis.hget(OUTPUTS_KEY, outputKey), null),
        ]);
        const storedAt = entry === null ? undefined : parseOutputEntry(entry)?.storedAt;
        return { env: env ?? undefined, storedAt: storedAt ?? null };
      },
      signal,
    );
  }

  /**
   * Put an event aside, trying until that is done or `signal` aborts.
   *
   * @returns whether it was: where rights are missing, only the log has it.
   */
  async deadLetter(letter: DeadLetter, signal: AbortSignal): Promise<boolean> {
    const fields: Record<string, Argument> = {
      event: letter.body,
      error: letter.error,
      attempts: letter.attempts,
      source: letter.source,
      outputKey: letter.outputKey,
      failedAt: Date.now(),
    };
    const put = () =>
      this.#redis.gaugeletDeadLetter(
        positionKey(letter.outputKey),
        deadLetterKey(letter.function),
        MAX_DEAD_LETTERS,
        letter.source,
        letter.position === null ? "0" : "1",
        letter.position ?? "",
        ...Object.entries(fields).flat(),
      );
    const what = `put an event of ${letter.function} aside`;
    return (await this.#persist(what, () => this.#readOwn(put, 0), signal)) === 1;
  }

  /** The answer that a call with this idempotency key had; undefined where there was none, or `signal` aborted. */
  async answer(outputKey: string, idempotencyKey: string, signal: AbortSignal): Promise<Buffer | undefined> {
    const read = () => this.#redis.getBuffer(answerKey(outputKey, idempotencyKey));
    const answer = await this.#persist("read a kept answer", () => this.#readOwn(read, null), signal);
    return answer ?? undefined;
  }

  /** The position of the newest event from a source whose result is stored. */
  async lastPosition(outputKey: string, source: string): Promise<string | undefined> {
    return (await this.#readOwn(() => this.#redis.hget(positionKey(outputKey), source), null)) ?? undefined;
  }

  async #storeOnce(record: StoreRecord): Promise<true> {
    if (performance.now() >= (this.#aloneUntil.get(record.outputKey) ?? 0)) {
      try {
        await this.#storeWhole(record);
        return true;
      } catch (error) {
        if (!isRefused(error)) throw error;
        // Only where the output itself may be written are the rights to blame for the rest.
        await this.#redis.set(record.outputKey, record.output);
        this.#aloneUntil.set(record.outputKey, performance.now() + ASK_FOR_RIGHTS_EVERY_MILLISECONDS);
        this.#warnOfRights(error);
        return true;
      }
    }
    await this.#redis.set(record.outputKey, record.output);
    return true;
  }

  async #storeWhole({ outputKey, output, env, positions, answers, entry }: StoreRecord): Promise<void> {
    const keys = [OUTPUTS_KEY, positionKey(outputKey), envKey(outputKey), outputKey];
    for (const name of answers.keys()) keys.push(answerKey(outputKey, name));
    await this.#redis.gaugeletStore(
      keys.length,
      ...keys,
      output,
      JSON.stringify(entry),
      env === undefined ? "0" : "1",
      env ?? "",
      KEEP_ANSWERS_MILLISECONDS,
      positions.size,
      ...[...positions].flat(),
      ...answers.values(),
    );
  }

  #warnOfRights(error: unknown): void {
    if (this.#warnedOfRights) return;
    this.#warnedOfRights = true;
    this.#log.warn(
      { reason: explainRedisError(error) },
      "the rights of this Redis user do not cover the keys gaugelet:* and what is done with them (EVALSHA, HSET, SET)," +
        " so only outputs are stored: env does not" +
        " survive a restart, and the exporter does not find outputs by itself",
    );
  }

  /** Read one of the keys that the server's rights may not cover. */
  async #readOwn<Value>(read: () => Promise<Value>, otherwise: Value): Promise<Value> {
    try {
      return await read();
    } catch (error) {
      if (isRefused(error)) return otherwise;
      throw error;
    }
  }

  /** Do it until it works: with growing pauses, each new reason logged once, and once that it works again. */
  async #persist<Value>(
    what: string,
    attempt: () => Promise<Value>,
    signal: AbortSignal,
  ): Promise<Value | undefined> {
    let reported: string | undefined;
    for (let pause = FIRST_RETRY_MILLISECONDS; ; pause = Math.min(pause * 2, LONGEST_RETRY_MILLISECONDS)) {
      try {
        const value = await attempt();
        if (reported !== undefined) this.#log.info(`could ${what} again`);
        return value;
      } catch (error) {
        const reason = explainRedisError(error);
        // While the connection is down its own report says why.
        if (this.#redis.status === "ready" && reason !== reported) {
          reported = reason;
          this.#log.error({ reason }, `cannot ${what}, trying on: ${reason}`);
        }
      }
      await sleep(pause, undefined, { signal }).catch(() => {});
      if (signal.aborted) return undefined;
    }
  }
}

/** Refused for lack of rights; inside a script Redis 7 says so in other words. */
function isRefused(error: unknown): boolean {
  return error instanceof Error && /NOPERM|user executing the script can't/.test(error.message);
}
