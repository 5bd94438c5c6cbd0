import type { RedisAddress } from "@gaugelet/shared/redis/address";
import { coveringPrefixes, parseKeyPattern } from "@gaugelet/shared/redis/glob";
import { KeyChanges } from "@gaugelet/shared/redis/key-changes";
import type { KeyChangesListener } from "@gaugelet/shared/redis/key-changes-listener";
import type { Logger } from "pino";

/** Hears of changes of every key that some trigger watches, over one pair of connections. */
export class FollowedKeys {
  readonly #redis: RedisAddress;
  readonly #log: Logger;
  readonly #listeners = new Set<KeyChangesListener>();
  #prefixes = "";
  #changes: KeyChanges | undefined;

  constructor(redis: RedisAddress, log: Logger) {
    this.#redis = redis;
    this.#log = log;
  }

  /** Whether changes are pushed; where not, polling is all there is. */
  get pushing(): boolean {
    return this.#changes?.pushing ?? false;
  }

  /** Hear of changes of keys that these patterns match, from now on. */
  follow(patterns: readonly string[]): void {
    const prefixes = coveringPrefixes(patterns.map(parseKeyPattern));
    const name = JSON.stringify(prefixes);
    if (name === this.#prefixes) return;
    this.#prefixes = name;
    this.#changes?.stop();
    this.#changes =
      prefixes.length === 0
        ? undefined
        : new KeyChanges(this.#redis, prefixes, (pushing, reason) => this.#tell(pushing, reason));
    if (this.#changes !== undefined && this.#listeners.size > 0) this.#connect(this.#changes);
  }

  /** @returns a function that ends it. */
  listen(listener: KeyChangesListener): () => void {
    const isFirst = this.#listeners.size === 0;
    this.#listeners.add(listener);
    if (this.#changes?.pushing) listener.onUnknown();
    else if (isFirst && this.#changes !== undefined) this.#connect(this.#changes);
    return () => this.#listeners.delete(listener);
  }

  stop(): void {
    this.#listeners.clear();
    this.#changes?.stop();
  }

  #connect(changes: KeyChanges): void {
    changes.listen({
      onChanged: (keys) => {
        for (const listener of this.#listeners) listener.onChanged(keys);
      },
      onUnknown: () => {
        for (const listener of this.#listeners) listener.onUnknown();
      },
    });
  }

  #tell(pushing: boolean, reason: string): void {
    if (pushing) this.#log.info("Redis tells of changed keys at once");
    else this.#log.warn({ reason }, "Redis does not tell of changed keys for now: they are polled");
  }
}
