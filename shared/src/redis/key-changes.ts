import type { RedisAddress } from "./address.ts";
import { ClusterKeyChanges } from "./cluster-key-changes.ts";
import type { KeyChangesListener, KeyChangesSource, OnPushing } from "./key-changes-listener.ts";
import { NodeKeyChanges } from "./node-key-changes.ts";

/**
 * Hears of changed keys from Redis itself: from one server, from the primary that Sentinels name, or from each
 * primary of a cluster.
 *
 * A message says that a key changed, not to what. The sender may be lost at any time without our hearing of
 * it, so whoever uses this polls besides.
 */
export class KeyChanges implements KeyChangesSource {
  readonly #source: KeyChangesSource;

  /**
   * Connects when somebody listens.
   *
   * @param prefixes what keys to hear of, none a prefix of another; "" hears of all.
   * @param onState each change of whether changes are pushed, once.
   */
  constructor(address: RedisAddress, prefixes: readonly string[], onState: OnPushing) {
    const Source = address.cluster === undefined ? NodeKeyChanges : ClusterKeyChanges;
    this.#source = new Source(address, prefixes, onState);
  }

  get pushing(): boolean {
    return this.#source.pushing;
  }

  listen(listener: KeyChangesListener): void {
    this.#source.listen(listener);
  }

  settled(): Promise<void> {
    return this.#source.settled();
  }

  stop(): void {
    this.#source.stop();
  }
}
