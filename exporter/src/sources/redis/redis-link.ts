import { describeAddress, type RedisAddress } from "@gaugelet/shared/redis/address";
import { connectAny, type RedisClient } from "@gaugelet/shared/redis/connection";
import { explainRedisError } from "@gaugelet/shared/redis/explain";
import type { Logger } from "pino";
import { SourceAwayError } from "../source.ts";

/** Longest time that one look at Redis may take, in milliseconds; Prometheus gives a scrape 10 s. */
const ANSWER_WITHIN_MS = 3_000;

/** The connection to Redis: questions get an answer or a SourceAwayError in bounded time. */
export class RedisLink {
  readonly #redis: RedisClient;
  readonly #logger: Logger;
  /** Settles once the first attempt to connect has come out one way or the other. */
  readonly #attempted: Promise<void>;
  /** Why Redis is away; undefined while it answers. */
  #reason: string | undefined = "no connection yet";
  /** Whether the log was told that Redis is away. */
  #isTold = false;
  #closed = false;

  constructor(address: RedisAddress, logger: Logger) {
    this.#logger = logger.child({ redis: describeAddress(address) });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#attempted = promise;
    this.#redis = connectAny(
      address,
      {
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
      const reason = this.#reason ?? explainRedisError(error);
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
    if (this.#closed) return;
    if (this.#reason !== undefined) this.#logger.info("Redis answers");
    this.#reason = undefined;
    this.#isTold = false;
  }

  #away(reason: string): void {
    if (this.#closed || this.#reason === reason) return;
    const wasAway = this.#reason !== undefined && this.#isTold;
    this.#reason = reason;
    this.#isTold = true;
    // A Redis that stops first ends the connection, and then refuses others: it goes away once all the same.
    if (wasAway) this.#logger.info({ reason }, "still no answer from Redis, for another reason");
    else this.#logger.warn({ reason }, "Redis is away; no outputs are exported until it answers");
  }
}
