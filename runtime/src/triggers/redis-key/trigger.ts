import { hash } from "node:crypto";
import { isReservedKey } from "@gaugelet/shared/keys";
import { explainRedisError } from "@gaugelet/shared/redis/explain";
import { type KeyPattern, parseKeyPattern } from "@gaugelet/shared/redis/glob";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import type { RedisKeyTriggerSpec } from "../../configuration/triggers.ts";
import type { FunctionEvent } from "../../dispatcher/event.ts";
import type { Trigger } from "../trigger.ts";
import type { FollowedKeys } from "./followed-keys.ts";
import { keyOfSource, sourceOfKey } from "./key-source.ts";
import { readInput } from "./read-input.ts";

/** Between two searches for new keys of a pattern while changes are pushed: a safety net that is not cheap. */
const SEARCH_EVERY_MILLISECONDS = 60_000;
const SCAN_COUNT = 1000;
/** Values read at the same time, which bounds the memory of a poll. */
const LOOKS_AT_ONCE = 16;

/** What a {@link RedisKeyTrigger} needs besides its specification. */
export interface RedisKeyTriggerOptions {
  readonly redis: Redis;
  /** Tells of changes of keys under this trigger's prefix, among others. */
  readonly changes: Pick<FollowedKeys, "pushing" | "listen">;
  readonly log: Logger;
  /** Whether the matched part of a key is the event's shard. */
  readonly sharded: boolean;
  /** Whether a key is one of the function's own outputs, which are no inputs of it though a pattern matches them. */
  isOwnOutput(key: string): boolean;
  /** The position of the newest event from a source whose result is stored; undefined: none. */
  lastPosition(shard: string, source: string): Promise<string | undefined>;
}

interface WatchedKey {
  /** Digest of the bytes emitted last. */
  position: string | undefined;
  positionKnown: boolean;
  reading: boolean;
  /** It changed while it was being read: read it again. */
  again: boolean;
  /** Whether it was looked for and not there. */
  missed: boolean;
  /** The problem reported last, so that it is reported once. */
  problem: string | undefined;
}

/**
 * Emits the value of a key, or of each key that a pattern matches, when its bytes have changed: told by
 * Redis' invalidation messages at once, and by a poll as the safety net. Of several writes in a burst the
 * newest is always emitted, since every message is followed by a read that began after it.
 */
export class RedisKeyTrigger implements Trigger {
  readonly #options: RedisKeyTriggerOptions;
  readonly #pattern: KeyPattern;
  readonly #pollMilliseconds: number;
  readonly #keys = new Map<string, WatchedKey>();
  #searchedAt = Number.NEGATIVE_INFINITY;
  #searchSoon = false;
  #sweeping = false;
  #timer: NodeJS.Timeout | undefined;
  #emit: (event: FunctionEvent) => void = () => {};
  #unlisten: () => void = () => {};
  readonly #onReady = (): void => void this.#lookAtAll(true);
  #stopped = false;

  constructor(spec: RedisKeyTriggerSpec, options: RedisKeyTriggerOptions) {
    this.#options = options;
    this.#pattern = parseKeyPattern(spec.redisKey);
    this.#pollMilliseconds = spec.pollInterval * 1000;
  }

  start(emit: (event: FunctionEvent) => void): void {
    this.#emit = emit;
    this.#unlisten = this.#options.changes.listen({
      onChanged: (keys) => {
        for (const key of keys) void this.#look(key);
      },
      onUnknown: () => void this.#lookAtAll(true),
    });
    this.#timer = setInterval(() => void this.#lookAtAll(false), this.#pollMilliseconds);
    // What changed while commands could not be sent; and the first look, where nothing is pushed.
    this.#options.redis.on("ready", this.#onReady);
    this.#onReady();
  }

  again(source: string, position: string): void {
    const key = keyOfSource(source);
    const watched = key === undefined ? undefined : this.#keys.get(key);
    if (key === undefined || watched?.position !== position) return;
    watched.positionKnown = false;
    void this.#look(key);
  }

  stop(): void {
    this.#stopped = true;
    this.#unlisten();
    clearInterval(this.#timer);
    this.#options.redis.off("ready", this.#onReady);
  }

  async #lookAtAll(searchNow: boolean): Promise<void> {
    if (this.#stopped || this.#options.redis.status !== "ready") return;
    if (this.#pattern.isLiteral) {
      await this.#look(this.#pattern.prefix);
      return;
    }
    this.#searchSoon ||= searchNow;
    if (this.#sweeping) return;
    this.#sweeping = true;
    try {
      await this.#sweep();
    } catch (error) {
      this.#searchSoon = true;
      const reason = explainRedisError(error);
      this.#options.log.debug({ reason }, "searching for keys failed; the next poll tries again");
    } finally {
      this.#sweeping = false;
    }
  }

  /** Look at every known key, and search for new ones when that is due; a few at a time. */
  async #sweep(): Promise<void> {
    await this.#lookAt([...this.#keys.keys()]);
    const due =
      !this.#options.changes.pushing || performance.now() - this.#searchedAt >= SEARCH_EVERY_MILLISECONDS;
    if (!this.#searchSoon && !due) return;
    this.#searchSoon = false;
    for await (const keys of this.#options.redis.scanStream({
      match: this.#pattern.text,
      count: SCAN_COUNT,
    })) {
      await this.#lookAt((keys as string[]).filter((key) => !this.#keys.has(key)));
    }
    this.#searchedAt = performance.now();
  }

  async #lookAt(keys: readonly string[]): Promise<void> {
    for (let at = 0; at < keys.length; at += LOOKS_AT_ONCE) {
      await Promise.all(keys.slice(at, at + LOOKS_AT_ONCE).map((key) => this.#look(key)));
    }
  }

  async #look(key: string): Promise<void> {
    const matched = this.#pattern.match(key);
    // Gaugelet's own keys hold what is not for others, such as the env of each function.
    if (matched === undefined || this.#stopped || isReservedKey(key) || this.#options.isOwnOutput(key))
      return;
    let watched = this.#keys.get(key);
    if (watched === undefined) {
      watched = {
        position: undefined,
        positionKnown: false,
        reading: false,
        again: false,
        missed: false,
        problem: undefined,
      };
      this.#keys.set(key, watched);
    }
    if (watched.reading) watched.again = true;
    else await this.#read(key, this.#options.sharded ? matched : "", watched);
  }

  async #read(key: string, shard: string, watched: WatchedKey): Promise<void> {
    watched.reading = true;
    let isGone = false;
    do {
      watched.again = false;
      try {
        isGone = !(await this.#readOnce(key, shard, watched));
        watched.problem = undefined;
      } catch (error) {
        this.#report(key, watched, error);
      }
    } while (watched.again && !this.#stopped);
    watched.reading = false;
    // Where keys come and go, what is known of them must not pile up.
    if (isGone && !this.#pattern.isLiteral) this.#keys.delete(key);
  }

  /** @returns whether the key is there. */
  async #readOnce(key: string, shard: string, watched: WatchedKey): Promise<boolean> {
    const source = sourceOfKey(key);
    const receivedAt = performance.now();
    if (!watched.positionKnown) {
      watched.position = await this.#options.lastPosition(shard, source);
      watched.positionKnown = true;
    }
    const body = await readInput(this.#options.redis, key);
    if (body === undefined) {
      if (this.#pattern.isLiteral && !watched.missed) {
        this.#options.log.info({ key }, `there is no key ${key} in Redis yet; waiting for it`);
      }
      watched.missed = true;
      return false;
    }
    const position = `sha1:${hash("sha1", body)}`;
    if (position === watched.position || this.#stopped) return true;
    watched.position = position;
    this.#emit({
      source,
      shard,
      body,
      position,
      context: { inputKey: key },
      isSuperseded: true,
      receivedAt,
    });
    return true;
  }

  #report(key: string, watched: WatchedKey, error: unknown): void {
    // While the connection is down its own report says all there is.
    if (this.#options.redis.status !== "ready") return;
    const problem = explainRedisError(error);
    if (problem === watched.problem) return;
    watched.problem = problem;
    this.#options.log.error({ key }, `cannot read the input key ${key}: ${problem}`);
  }
}
