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
  readonly #address: RedisAddress;
  readonly #prefixes: readonly string[];
  readonly #listeners: KeyChangesListener[] = [];
  readonly #onState: (pushing: boolean, reason: string) => void;
  #subscriber: Redis | undefined;
  #tracker: Redis | undefined;
  #subscriberId: number | undefined;
  #state: string | undefined;
  #pushing = false;

  /**
   * Connects when somebody listens.
   *
   * @param prefixes what keys to hear of, none a prefix of another; "" hears of all.
   * @param onState whether changes are pushed from now on; where not, why, in words.
   */
  constructor(
    address: RedisAddress,
    prefixes: readonly string[],
    onState: (pushing: boolean, reason: string) => void,
  ) {
    this.#address = address;
    this.#prefixes = prefixes;
    this.#onState = onState;
  }

  /** Whether changes are pushed; where not, polling is all there is. */
  get pushing(): boolean {
    return this.#pushing;
  }

  /** Hear of changes from now on. */
  listen(listener: KeyChangesListener): void {
    this.#listeners.push(listener);
    if (this.#subscriber === undefined) this.#connect();
    else if (this.#pushing) listener.onUnknown();
  }

  /**
   * Wait until all changes that Redis made before now have been told: it answers on the connection that it tells
   * them on, in order.
   *
   * @throws Error where nobody tells us, or the connection breaks.
   */
  async settled(): Promise<void> {
    if (!this.#pushing || this.#subscriber === undefined) throw new Error("changes are not pushed");
    await this.#subscriber.ping();
  }

  /** Stop hearing. */
  stop(): void {
    this.#listeners.length = 0;
    this.#subscriber?.disconnect();
    this.#tracker?.disconnect();
  }

  #connect(): void {
    // Why it is down is reported by the connection that commands go over: the same server, the same reason.
    const onDown = (): void => this.#report(false, "the connection to Redis is down");
    const subscriber = connectRedis(
      this.#address,
      { onDown, onUp: () => void this.#subscribe(subscriber) },
      { autoResubscribe: false },
    );
    subscriber.on("close", () => {
      this.#subscriberId = undefined;
    });
    subscriber.on("messageBuffer", (_channel: Buffer, keys: unknown) => {
      const names = Array.isArray(keys) ? keys.map(String) : undefined;
      for (const listener of this.#listeners) {
        if (names === undefined) listener.onUnknown();
        else listener.onChanged(names);
      }
    });
    this.#subscriber = subscriber;
    this.#tracker = connectRedis(this.#address, { onDown, onUp: () => void this.#track() });
  }

  async #subscribe(subscriber: Redis): Promise<void> {
    try {
      // Asked before subscribing: a RESP2 subscriber may not ask any more.
      const id = await subscriber.client("ID");
      await subscriber.subscribe(INVALIDATION_CHANNEL);
      this.#subscriberId = id;
    } catch (error) {
      this.#report(false, explainRedisError(error));
      return;
    }
    await this.#track();
  }

  async #track(): Promise<void> {
    const tracker = this.#tracker;
    if (this.#subscriberId === undefined || tracker?.status !== "ready") return;
    try {
      await tracker.call("CLIENT", "TRACKING", "OFF");
      const prefixes = this.#prefixes
        .filter((prefix) => prefix !== "")
        .flatMap((prefix) => ["PREFIX", prefix]);
      const redirect = ["REDIRECT", String(this.#subscriberId), "BCAST", ...prefixes];
      await tracker.call("CLIENT", "TRACKING", "ON", ...redirect);
    } catch (error) {
      this.#report(false, explainRedisError(error));
      return;
    }
    this.#report(true, "");
    // What changed while nobody listened.
    for (const listener of this.#listeners) listener.onUnknown();
  }

  #report(pushing: boolean, reason: string): void {
    this.#pushing = pushing;
    const state = `${pushing} ${reason}`;
    if (state === this.#state) return;
    this.#state = state;
    this.#onState(pushing, reason);
  }
}
