import { setTimeout as sleep } from "node:timers/promises";
import { envKey, OUTPUTS_KEY, positionKey } from "@gaugelet/shared/keys";
import { type OutputEntry, parseOutputEntry } from "@gaugelet/shared/outputs";
import { explainRedisError } from "@gaugelet/shared/redis/explain";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { STORE_SCRIPT } from "./store-script.ts";

const FIRST_RETRY_MILLISECONDS = 50;
const LONGEST_RETRY_MILLISECONDS = 2_000;
/** Rights may be granted while we run. */
const ASK_FOR_RIGHTS_EVERY_MILLISECONDS = 60_000;

/** What one successful call leaves behind. */
export interface StoreRecord {
  readonly outputKey: string;
  /** The output, exactly as the handler returned it. */
  readonly output: Buffer;
  /** The saved `env`; undefined leaves what is stored. */
  readonly env: Buffer | undefined;
  readonly source: string;
  readonly position: string;
  readonly entry: OutputEntry;
}

/** What is stored of an output key from before. */
export interface StoredState {
  readonly env: Buffer | undefined;
  /** Unix milliseconds; null: nothing was ever stored. */
  readonly storedAt: number | null;
}

interface ScriptedRedis extends Redis {
  gaugeletStore(
    ...keysAndValues: [
      string,
      string,
      string,
      string,
      Buffer,
      string,
      string,
      string,
      string,
      Buffer | string,
    ]
  ): Promise<number>;
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
    redis.defineCommand("gaugeletStore", { numberOfKeys: 4, lua: STORE_SCRIPT });
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

  async #storeWhole(record: StoreRecord): Promise<void> {
    await this.#redis.gaugeletStore(
      OUTPUTS_KEY,
      positionKey(record.outputKey),
      envKey(record.outputKey),
      record.outputKey,
      record.output,
      JSON.stringify(record.entry),
      record.source,
      record.position,
      record.env === undefined ? "0" : "1",
      record.env ?? "",
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
