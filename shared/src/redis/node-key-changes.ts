import type { Redis } from "ioredis";
import type { RedisAddress } from "./address.ts";
import { connectRedis } from "./connection.ts";
import { explainRedisError } from "./explain.ts";
import { KeyChangesHub } from "./key-changes-hub.ts";
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
  readonly #hub: KeyChangesHub;
  #subscriber: Redis | undefined;
  #tracker: Redis | undefined;
  #subscriberId: number | undefined;

  constructor(address: RedisAddress, prefixes: readonly string[], onState: OnPushing) {
    this.#address = address;
    this.#prefixes = prefixes;
    this.#hub = new KeyChangesHub(onState);
  }

  get pushing(): boolean {
    return this.#hub.pushing;
  }

  listen(listener: KeyChangesListener): void {
    this.#hub.add(listener);
    if (this.#subscriber === undefined) this.#connect();
  }

  /** Redis answers on the connection that it tells changes on, in order. */
  async settled(): Promise<void> {
    if (!this.pushing || this.#subscriber === undefined) throw new Error("changes are not pushed");
    await this.#subscriber.ping();
  }

  stop(): void {
    this.#hub.removeAll();
    this.#subscriber?.disconnect();
    this.#tracker?.disconnect();
  }

  #connect(): void {
    // Why it is down is reported by the connection that commands go over: the same server, the same reason.
    const onDown = (): void => this.#hub.report("the connection to Redis is down");
    const subscriber = connectRedis(
      this.#address,
      { onDown, onUp: () => void this.#subscribe(subscriber) },
      { autoResubscribe: false },
    );
    subscriber.on("close", () => {
      this.#subscriberId = undefined;
    });
    subscriber.on("messageBuffer", (_channel: Buffer, keys: unknown) => {
      if (Array.isArray(keys)) this.#hub.onChanged(keys.map(String));
      else this.#hub.onUnknown();
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
      this.#hub.report(explainRedisError(error));
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
      this.#hub.report(explainRedisError(error));
      return;
    }
    this.#hub.report(undefined);
    // What changed while nobody listened.
    this.#hub.onUnknown();
  }
}

/** The server that a connection is to. */
function placeOf({ stream: { remoteAddress, remotePort } }: Redis): string {
  return `${remoteAddress} ${remotePort}`;
}
