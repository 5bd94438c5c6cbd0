import { setTimeout as sleep } from "node:timers/promises";
import { explainRedisError } from "@gaugelet/shared/redis/explain";
import type { Redis } from "ioredis";
import type { Logger } from "pino";

const FIRST_RETRY_MILLISECONDS = 50;
const LONGEST_RETRY_MILLISECONDS = 2_000;
/** The output's own key is written whatever it holds. */
const STORE_HINTS = {
  WRONGTYPE: "one of the keys gaugelet:* holds another type than it should; find it with TYPE and delete it",
};

/** Does what has to be done in Redis however long it is away. */
export class Patience {
  readonly #redis: Pick<Redis, "status">;
  readonly #log: Logger;

  constructor(redis: Pick<Redis, "status">, log: Logger) {
    this.#redis = redis;
    this.#log = log;
  }

  /** Do it until it works: with growing pauses, each new reason logged once, and once that it works again. */
  async persist<Value>(
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
        const reason = explainRedisError(error, STORE_HINTS);
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

/** Read one of the keys that the server's rights may not cover. */
export async function readOwn<Value>(read: () => Promise<Value>, otherwise: Value): Promise<Value> {
  try {
    return await read();
  } catch (error) {
    if (isRefused(error)) return otherwise;
    throw error;
  }
}

/** Refused for lack of rights; inside a script Redis 7 says so in other words. */
export function isRefused(error: unknown): boolean {
  return error instanceof Error && /NOPERM|user executing the script can't/.test(error.message);
}
