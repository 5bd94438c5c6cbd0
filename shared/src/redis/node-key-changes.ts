import type { Redis } from "ioredis";
import type { RedisAddress } from "./address.ts";
import { connectRedis } from "./connection.ts";
import { explainRedisError } from "./explain.ts";
import type { KeyChangesListener, KeyChangesSource, OnPushing } from "./key-changes-listener.ts";

const INVALIDATION_CHANNEL = "__redis__:invalidate";

/**
 * Hears of changed keys from one server, by the invalidation messages of client-side caching in broadcast
 * mode: one connection turns tracking on and redirects the messages to a second one, which is subscribed to
 * them. Needs Redis 6 and no server configuration.
 * Source: https://redis.io/docs/latest/develop/reference/client-side-caching/
 */
export class NodeKeyChanges implements KeyChangesSource {
  readonly #address: RedisAddress;
  readonly #prefixes: readonly string[];
  readonly #listeners: KeyChangesListener[] = [];
  readonly #onState: OnPushing;
  #subscriber: Redis | undefined;
  #tracker: Redis | undefined;
  #subscriberId: number | undefined;
  #state: string | undefined;
  #pushing = false;

  constructor(address: RedisAddress, prefixes: readonly string[], onState: OnPushing) {
    this.#address = address;
    this.#prefixes = prefixes;
    this.#onState = onState;
  }

  get pushing(): boolean {
    return this.#pushing;
  }

  listen(listener: KeyChangesListener): void {
    this.#listeners.push(listener);
    if (this.#subscriber === undefined) this.#connect();
    else if (this.#pushing) listener.onUnknown();
  }

  /** Redis answers on the connection that it tells changes on, in order. */
  async settled(): Promise<void> {
    if (!this.#pushing || this.#subscriber === undefined) throw new Error("changes are not pushed");
    await this.#subscriber.ping();
  }

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
    const subscriber = this.#subscriber;
    if (this.#subscriberId === undefined || subscriber === undefined || tracker?.status !== "ready") return;
    if (this.#address.sentinels !== undefined && placeOf(tracker) !== placeOf(subscriber)) {
      // While one primary gives way to another, each of the two may have reached another one. The number of a
      // connection means nothing to the other server, or is somebody else's there.
      this.#subscriberId = undefined;
      for (const connection of [subscriber, tracker]) connection.disconnect(true);
      return;
    }
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

/** The server that a connection is to. */
function placeOf({ stream: { remoteAddress, remotePort } }: Redis): string {
  return `${remoteAddress} ${remotePort}`;
}
