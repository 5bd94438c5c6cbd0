import type { Redis } from "ioredis";
import { connectRedis, type RedisAddress } from "./connection.ts";
import { explainRedisError } from "./explain.ts";

const INVALIDATION_CHANNEL = "__redis__:invalidate";

/** What {@link KeyChanges} tells. */
export interface KeyChangesListener {
  /** These keys were written, expired or deleted. */
  onChanged(keys: readonly string[]): void;
  /** Changes may have been missed (a start, a reconnection, FLUSHALL): look at everything again. */
  onUnknown(): void;
  /**
   * Whether changes are pushed from now on; where not, the reason in words, and the poll is all there is.
   */
  onPushing(pushing: boolean, reason: string): void;
}

/**
 * Hears of changed keys from Redis itself, by the invalidation messages of client-side caching in broadcast
 * mode: one connection turns tracking on and redirects the messages to a second one, which is subscribed to
 * them. Needs Redis 6 and no server configuration.
 * Source: https://redis.io/docs/latest/develop/reference/client-side-caching/
 *
 * A message says that a key changed, not to what. The sender may be lost at any time without our hearing of
 * it, so whoever uses this polls besides.
 */
export class KeyChanges {
  readonly #subscriber: Redis;
  readonly #tracker: Redis;
  readonly #prefixes: readonly string[];
  readonly #listener: KeyChangesListener;
  #subscriberId: number | undefined;
  #reported: string | undefined;
  #stopped = false;

  /** @param prefixes what keys to hear of, none a prefix of another; "" hears of all. */
  constructor(address: RedisAddress, prefixes: readonly string[], listener: KeyChangesListener) {
    this.#prefixes = prefixes;
    this.#listener = listener;
    const connections = {
      // Reported by the connection that commands go over: the same server, the same reason.
      onDown: () => this.#report(false, "the connection to Redis is down"),
    };
    this.#subscriber = connectRedis(
      address,
      { ...connections, onUp: () => void this.#subscribe() },
      { autoResubscribe: false },
    );
    this.#tracker = connectRedis(address, { ...connections, onUp: () => void this.#track() });
    this.#subscriber.on("close", () => {
      this.#subscriberId = undefined;
    });
    this.#subscriber.on("messageBuffer", (_channel: Buffer, keys: unknown) => {
      if (Array.isArray(keys)) this.#listener.onChanged(keys.map(String));
      else this.#listener.onUnknown();
    });
  }

  /** Stop hearing. */
  stop(): void {
    this.#stopped = true;
    this.#subscriber.disconnect();
    this.#tracker.disconnect();
  }

  async #subscribe(): Promise<void> {
    try {
      // Asked before subscribing: a RESP2 subscriber may not ask any more.
      const id = await this.#subscriber.client("ID");
      await this.#subscriber.subscribe(INVALIDATION_CHANNEL);
      this.#subscriberId = id;
    } catch (error) {
      this.#report(false, explainRedisError(error));
      return;
    }
    await this.#track();
  }

  async #track(): Promise<void> {
    if (this.#subscriberId === undefined || this.#tracker.status !== "ready") return;
    try {
      await this.#tracker.call("CLIENT", "TRACKING", "OFF");
      const prefixes = this.#prefixes
        .filter((prefix) => prefix !== "")
        .flatMap((prefix) => ["PREFIX", prefix]);
      const redirect = ["REDIRECT", String(this.#subscriberId), "BCAST", ...prefixes];
      await this.#tracker.call("CLIENT", "TRACKING", "ON", ...redirect);
    } catch (error) {
      this.#report(false, explainRedisError(error));
      return;
    }
    this.#report(true, "");
    // What changed while nobody listened.
    this.#listener.onUnknown();
  }

  #report(pushing: boolean, reason: string): void {
    const state = `${pushing} ${reason}`;
    if (this.#stopped || state === this.#reported) return;
    this.#reported = state;
    this.#listener.onPushing(pushing, reason);
  }
}
