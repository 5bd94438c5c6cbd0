import { describeAddress, type RedisAddress } from "@gaugelet/shared/redis/address";
import { connectAny, type RedisClient } from "@gaugelet/shared/redis/connection";
import { explainRedisError, type RedisHints } from "@gaugelet/shared/redis/explain";
import type { Logger } from "pino";
import { AwayLog } from "../away-log.ts";
import { SourceAwayError } from "../source.ts";

/** Longest time that one look at Redis may take, in milliseconds; Prometheus gives a scrape 10 s. */
const ANSWER_WITHIN_MS = 3_000;

/** How a Redis is spoken of that is not the exporter's own. */
export interface LinkWords {
  /** The source, for people. */
  readonly what: string;
  readonly hints: RedisHints;
}

/** The connection to Redis: questions get an answer or a SourceAwayError in bounded time. */
export class RedisLink {
  readonly #redis: RedisClient;
  readonly #log: AwayLog;
  readonly #hints: RedisHints | undefined;
  /** Settles once the first attempt to connect has come out one way or the other. */
  readonly #attempted: Promise<void>;
  #closed = false;

  constructor(address: RedisAddress, logger: Logger, words?: LinkWords) {
    const { what = "Redis", hints } = words ?? {};
    this.#log = new AwayLog(logger.child({ redis: describeAddress(address) }), what, "no connection yet");
    this.#hints = hints;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#attempted = promise;
    this.#redis = connectAny(
      address,
      {
        hints,
        onUp: () => {
          this.#up();
          resolve();
        },
        onDown: (reason) => {
          this.#away(reason);
          resolve();
        },
      },
      // Ends a connection on which nothing answers, so that a half-open one is replaced by a new one.
      { socketTimeout: ANSWER_WITHIN_MS },
    );
  }

  /**
   * Ask Redis something.
   *
   * @param question may send several commands; between them it looks at the signal, which says that nobody
   *   waits any more.
   * @throws SourceAwayError where Redis is not there, refuses, or takes too long.
   */
  async ask<Answer>(question: (redis: RedisClient, signal: AbortSignal) => Promise<Answer>): Promise<Answer> {
    const { promise: expired, reject } = Promise.withResolvers<never>();
    const deadline = new AbortController();
    const timer = setTimeout(() => {
      deadline.abort();
      reject(new Error(`no complete answer within ${ANSWER_WITHIN_MS / 1000} s`));
    }, ANSWER_WITHIN_MS);
    try {
      const asked = this.#attempted.then(() => question(this.#redis, deadline.signal));
      const answer = await Promise.race([asked, expired]);
      this.#up();
      return answer;
    } catch (error) {
      // The connection's own reason says more than "the stream is not writable".
      const reason = this.#log.reason ?? explainRedisError(error, this.#hints);
      this.#away(reason);
      throw new SourceAwayError(reason, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    this.#closed = true;
    this.#redis.disconnect();
  }

  #up(): void {
    if (!this.#closed) this.#log.up();
  }

  #away(reason: string): void {
    if (!this.#closed) this.#log.away(reason);
  }
}
